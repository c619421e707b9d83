package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Ymm.Y12;
import static dev.cutaway.tensor.machine.Ymm.Y13;
import static dev.cutaway.tensor.machine.Ymm.Y14;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;

/**
 * Instructions that decode a panel's blocks, see {@link Layout}: codes to pairs of 16-bit numbers, the pairs of eight rows in a
 * register, four registers to a panel; headers to floats. Codes come out without a sign: those that have one are taken into the
 * upper half of a range from 0 on, {@link #centre} too great. (Only 8-bit codes keep their sign.) A pair's two columns are what
 * can be had from a word at once; {@link #order} says which they are, and activations are put into the same order.
 *
 * <p>A register points to where the block, or super-block, is read. Y12 and Y13 come and go, and Y14 holds signs, see
 * {@link #prepare}.
 */
final class BlockCode {
    /** Bytes of stack for what super-blocks share: two factors for each of 32 rows. */
    static final int STACK = 2 * 4 * Layout.PANEL;

    /** Registers of eight rows in a panel. */
    static final int GROUPS = 4;

    /** Pairs of a block. */
    static final int PAIRS = Layout.BLOCK / 2;

    private static final int ROW_BYTES = 4 * Layout.PANEL;
    private static final int SECOND_FACTOR = ROW_BYTES;

    private final Assembler a;
    private final Layout layout;
    private final Gp at;

    /** Emits for a layout's blocks; {@code at} will point to the block, or the super-block. */
    BlockCode(Assembler a, Layout layout, Gp at) {
        this.a = a;
        this.layout = layout;
        this.at = at;
    }

    // -------------------------------------------------------------------------------------------------- codes

    /** What is to be taken off the codes of a layout as they come out here. */
    static int centre(Layout layout) {
        return layout.minimum || layout.codeBits == 8 ? 0 : 1 << layout.codeBits - 1;
    }

    /** The columns of a block in the order in which pairs come out: pair i is columns {@code order[2 i], order[2 i + 1]}. */
    static int[] order(Layout layout) {
        int[] unit = switch (layout.codeBits) {
            case 8 -> new int[] {0, 2, 1, 3};
            case 4 -> new int[] {0, 4, 1, 5, 2, 6, 3, 7};
            default -> new int[] {0};
        };
        int[] order = new int[Layout.BLOCK];
        for (int i = 0; i < order.length; i++) {
            order[i] = i / unit.length * unit.length + unit[i % unit.length];
        }
        return order;
    }

    /** Steps in which a block's pairs come out, as many at a time as share their words. */
    int steps() {
        return layout.codeBits == 4 || layout.codeBits == 8 ? 4 : layout.codeBits == 5 ? 6 : 8;
    }

    /** First pair of a step. */
    int firstPair(int step) {
        return layout.codeBits == 5 ? 3 * step : PAIRS / steps() * step;
    }

    /** What is done with eight rows' pair; the register is free afterwards. */
    interface Use {
        void with(int pair, Ymm codes);
    }

    /** Eight rows' pairs of a step, one after the other in Y13. */
    void pairs(int step, int group, Use use) {
        int first = firstPair(step);
        switch (layout.codeBits) {
            case 8 -> {
                for (int w = 0; w < 2; w++) {
                    word(Y12, 2 * step + w, group);
                    a.shiftLeftWords(Y13, Y12, 8);
                    a.shiftSignedWords(Y13, Y13, 8);
                    use.with(first + 2 * w, Y13);
                    a.shiftSignedWords(Y13, Y12, 8);
                    use.with(first + 2 * w + 1, Y13);
                }
            }
            case 4 -> {
                word(Y12, step, group);
                for (int i = 0; i < 4; i++) {
                    if (i > 0) {
                        a.shiftRightWords(Y13, Y12, 4 * i);
                    }
                    if (i < 3) {
                        a.op(Op.PAND, Y13, i > 0 ? Y13 : Y12, a.ints(0x000f000f));
                    }
                    use.with(first + i, Y13);
                }
            }
            case 5 -> {
                if (step < 5) {
                    word(Y12, step, group);
                    fields(3, 5, 0x001f001f, first, use);
                } else {
                    highBits(0, 5, 1, group);
                    use.with(first, Y12);
                }
            }
            default -> {
                if (step % 4 < 3) {
                    word(Y12, step / 4 * 3 + step % 4, group);
                } else {
                    highBits(step / 4 * 3, 3, 4, group);
                }
                fields(2, 6, 0x003f003f, first, use);
            }
        }
    }

    /** Fields of both halves of Y12, one after the other in Y13. */
    private void fields(int count, int bits, int mask, int first, Use use) {
        for (int i = 0; i < count; i++) {
            if (i > 0) {
                a.shiftRightWords(Y13, Y12, bits * i);
            }
            a.op(Op.PAND, Y13, i > 0 ? Y13 : Y12, a.ints(mask));
            use.with(first + i, Y13);
        }
    }

    /** The highest bits of both halves of some words, put together in Y12; Y13 is used. */
    private void highBits(int from, int count, int each, int group) {
        int mask = (1 << each) - 1 << 16 - each;
        for (int i = 0; i < count; i++) {
            Ymm to = i == 0 ? Y12 : Y13;
            word(to, from + i, group);
            a.op(Op.PAND, to, to, a.ints(mask << 16 | mask));
            if (16 - each > each * i) {
                a.shiftRightWords(to, to, 16 - each - each * i);
            }
            if (i > 0) {
                a.op(Op.POR, Y12, Y12, to);
            }
        }
    }

    /** Eight rows' code words, their codes without sign. */
    private void word(Ymm to, int index, int group) {
        Mem from = Mem.at(at, 4 * layout.headerWords + ROW_BYTES * index + 32 * group);
        int signs = signs(index);
        if (signs == 0) {
            a.load(to, from);
        } else if (signs == signs(0)) {
            a.op(Op.PXOR, to, Y14, from);
        } else {
            a.load(to, a.ints(signs));
            a.op(Op.PXOR, to, to, from);
        }
    }

    /** Loads what {@link #pairs} expects in Y14. */
    void prepare() {
        a.load(Y14, a.ints(signs(0)));
    }

    /** The sign bits of the codes that a word holds, where codes lose their sign. */
    private int signs(int word) {
        if (centre(layout) == 0) {
            return 0;
        }
        return switch (layout.codeBits) {
            case 4 -> 0x88888888;
            case 5 -> 0x42104210 | (word == 4 ? 0x80008000 : 0);
            default -> 0x08200820 | (word % 3 == 1 ? 0x20002000 : word % 3 == 2 ? 0x80008000 : 0);
        };
    }

    // ------------------------------------------------------------------------------------------------ headers

    private static Mem stack(int from, int group) {
        return Mem.at(Gp.RSP, from + 32 * group);
    }

    /** What stands before the blocks of a super-block: to the stack. Nothing where there are none. */
    void superHeader() {
        if (layout == Layout.Q4_SUPER || layout == Layout.Q5_SUPER) {
            for (int g = 0; g < GROUPS; g++) {
                a.load(Y12, Mem.at(at, 32 * g));
                half(Y13, Y12, true, Scales.HALF_UNIT);
                a.store(stack(0, g), Y13);
                half(Y13, Y12, false, -Scales.HALF_UNIT);
                a.store(stack(SECOND_FACTOR, g), Y13);
            }
        } else if (layout == Layout.Q6_SUPER) {
            for (int g = 0; g < GROUPS; g++) {
                a.load(Y12, Mem.at(at, 32 * (g % 2)));
                half(Y13, Y12, g < 2, Scales.HALF_UNIT);
                a.store(stack(0, g), Y13);
            }
        }
    }

    /** Widens the lower or upper 16 bits of each word, a half, times a factor that holds 2^112. */
    private void half(Ymm to, Ymm from, boolean low, float factor) {
        if (low) {
            a.shiftLeft(to, from, 16);
            a.shiftSigned(to, to, 3);
        } else {
            a.shiftSigned(to, from, 3);
        }
        a.op(Op.PAND, to, to, a.ints(Scales.HALF_BITS));
        a.op(Op.MUL, to, to, a.floats(factor));
    }

    /** Eight rows' scales to Y13. Of Q6_K, those of the block's first sixteen columns, or of the second. */
    void scale(int group, int sixteen) {
        switch (layout) {
            case Q8, Q4, Q5 -> {
                a.load(Y12, Mem.at(at, 32 * (group % 2)));
                half(Y13, Y12, group < 2, Scales.HALF_UNIT);
            }
            case Q4_MIN, Q5_MIN -> {
                a.load(Y12, Mem.at(at, 32 * group));
                half(Y13, Y12, true, Scales.HALF_UNIT);
            }
            case Q4_SUPER, Q5_SUPER -> {
                byteOf(group, group < 2 ? 0 : 16);
                a.op(Op.MUL, Y13, Y13, stack(0, group));
            }
            default -> {
                a.load(Y12, Mem.at(at, 32 * (group % 2)));
                a.shiftLeft(Y13, Y12, (group < 2 ? 24 : 8) - 8 * sixteen);
                a.shiftSigned(Y13, Y13, 24);
                a.toFloats(Y13, Y13);
                a.op(Op.MUL, Y13, Y13, stack(0, group));
            }
        }
    }

    /** Eight rows' minima to Y13, of layouts that have them. */
    void minimum(int group) {
        if (layout.nested()) {
            byteOf(group, group < 2 ? 8 : 24);
            a.op(Op.MUL, Y13, Y13, stack(SECOND_FACTOR, group));
        } else {
            a.load(Y12, Mem.at(at, 32 * group));
            half(Y13, Y12, false, Scales.HALF_UNIT);
        }
    }

    private void byteOf(int group, int shift) {
        a.load(Y12, Mem.at(at, 32 * (group % 2)));
        a.shiftRight(Y13, Y12, shift);
        if (shift != 24) {
            a.op(Op.PAND, Y13, Y13, a.ints(0xff));
        }
        a.toFloats(Y13, Y13);
    }

    /** Bytes of a block, header included. */
    int blockBytes() {
        return 4 * layout.blockWords();
    }

    // ------------------------------------------------------------------------------------------- plain layouts

    /** Eight rows of a word of two f16 or bf16 columns: the lower one, or the upper one, to Y13. */
    void halfWord(Ymm word, boolean low) {
        if (layout == Layout.F16) {
            half(Y13, word, low, Scales.HALF_UNIT);
        } else if (low) {
            a.shiftLeft(Y13, word, 16);
        } else {
            a.op(Op.PAND, Y13, word, a.ints(0xffff0000));
        }
    }
}
