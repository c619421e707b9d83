package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Ymm.Y12;
import static dev.cutaway.tensor.machine.Ymm.Y13;
import static dev.cutaway.tensor.machine.Ymm.Y14;
import static dev.cutaway.tensor.machine.Ymm.Y15;

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
 * <p>A register points to where the block, or super-block, is read. Y12, Y13 and Y15 come and go, and Y14 holds signs, see
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
            case 5 -> new int[] {0};
            default -> new int[] {0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 4, 9, 14, 15};
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
                if (step == 5) {
                    lowPairs(0, 5, group);
                    a.shiftLeft(Y12, Y13, 11);
                    bits(0, Y13, Y12, 5);
                    use.with(first, Y13);
                } else {
                    word(Y12, step, group);
                    for (int i = 0; i < 3; i++) {
                        twoOf(Y12, 2 + 10 * i, Y12, 7 + 10 * i, 5);
                        use.with(first + i, Y13);
                    }
                }
            }
            default -> sixes(step, group, use);
        }
    }

    private void sixes(int step, int group, Use use) {
        int first = firstPair(step);
        int words = step / 4 * 3;
        if (step % 4 < 3) {
            word(Y12, words + step % 4, group);
            twoOf(Y12, 2, Y12, 8, 6);
            use.with(first, Y13);
            twoOf(Y12, 14, Y12, 20, 6);
            use.with(first + 1, Y13);
        } else { // what is left over of each word, and the low bits of all
            word(Y12, words, group);
            word(Y15, words + 1, group);
            twoOf(Y12, 26, Y15, 26, 6);
            use.with(first, Y13);
            lowPairs(words, 3, group);
            a.shiftLeft(Y12, Y13, 16);
            word(Y13, words + 2, group);
            a.shiftRight(Y13, Y13, 26);
            a.op(Op.POR, Y13, Y13, Y12);
            use.with(first + 1, Y13);
        }
    }

    /** Fields of two words, or of one, to the lower and the upper half of Y13; Y15 is used. */
    private void twoOf(Ymm low, int lowBit, Ymm high, int highBit, int bits) {
        a.shiftRight(Y13, low, lowBit);
        if (highBit > 16) {
            a.shiftRight(Y15, high, highBit - 16);
        } else {
            a.shiftLeft(Y15, high, 16 - highBit);
        }
        bits(lowBit, Y13, Y15, bits);
    }

    /** The lower half's field of Y13, and the upper one's of another register, to Y13. */
    private void bits(int lowBit, Ymm low, Ymm high, int bits) {
        if (lowBit + bits < 32) {
            a.op(Op.PAND, Y13, low, a.ints((1 << bits) - 1));
        }
        a.op(Op.PAND, high, high, a.ints((1 << bits) - 1 << 16));
        a.op(Op.POR, Y13, Y13, high);
    }

    /** The pairs of low bits of some words, side by side, to Y13. */
    private void lowPairs(int from, int count, int group) {
        for (int i = 0; i < count; i++) {
            Ymm to = i == 0 ? Y13 : Y15;
            word(to, from + i, group);
            a.op(Op.PAND, to, to, a.ints(3));
            if (i > 0) {
                a.shiftLeft(to, to, 2 * i);
                a.op(Op.POR, Y13, Y13, to);
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
            case 5 -> 0x84210840 | (word == 2 ? 1 : word == 4 ? 2 : 0);
            default -> 0x82082080 | (word % 3 == 2 ? 2 : 0);
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
