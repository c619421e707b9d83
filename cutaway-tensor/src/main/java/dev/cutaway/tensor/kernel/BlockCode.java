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
 * Instructions that decode a panel's weights, see {@link Layout}, to the floats that the format defines: eight rows in a
 * register, four registers to a panel. A register points to where the panel is read. Scales of the four groups of rows are in
 * Y4 to Y7; minima, and what super-blocks share, on the stack; Y12 to Y15 come and go.
 */
final class BlockCode {
    /** Bytes of stack: two factors and a minimum for each of 32 rows. */
    static final int STACK = 3 * 4 * Layout.PANEL;

    static final int GROUPS = 4;
    private static final int ROW_BYTES = 4 * Layout.PANEL;
    private static final int SECOND_FACTOR = ROW_BYTES;
    private static final int MINIMUM = 2 * ROW_BYTES;

    private static final int PAIRS = -2;

    private final Assembler a;
    private final Layout layout;
    private final Gp at;

    /** Emits for a layout's blocks; {@code at} will point to the block, or the super-block. */
    BlockCode(Assembler a, Layout layout, Gp at) {
        this.a = a;
        this.layout = layout;
        this.at = at;
    }

    private static Ymm scale(int group) {
        return Ymm.of(4 + group);
    }

    private static Mem stack(int from, int group) {
        return Mem.at(Gp.RSP, from + 32 * group);
    }

    private float unit() {
        return layout.minimum ? 1 : (float) Math.scalb(1.0, layout.codeBits - 32);
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
                half(Y13, Y12, g < 2, Scales.HALF_UNIT * unit());
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

    /** The scales, and minima, of a block. Of Q6_K, those of its first sixteen columns, or of the second. */
    void header(int sixteen) {
        for (int g = 0; g < GROUPS; g++) {
            switch (layout) {
                case Q8, Q4, Q5 -> {
                    a.load(Y12, Mem.at(at, 32 * (g % 2)));
                    half(scale(g), Y12, g < 2, Scales.HALF_UNIT * unit());
                }
                case Q4_MIN, Q5_MIN -> {
                    a.load(Y12, Mem.at(at, 32 * g));
                    half(scale(g), Y12, true, Scales.HALF_UNIT);
                    half(Y13, Y12, false, Scales.HALF_UNIT);
                    a.store(stack(MINIMUM, g), Y13);
                }
                case Q4_SUPER, Q5_SUPER -> {
                    a.load(Y12, Mem.at(at, 32 * (g % 2)));
                    byteOf(Y13, Y12, g < 2 ? 0 : 16);
                    a.op(Op.MUL, scale(g), Y13, stack(0, g));
                    byteOf(Y13, Y12, g < 2 ? 8 : 24);
                    a.op(Op.MUL, Y13, Y13, stack(SECOND_FACTOR, g));
                    a.store(stack(MINIMUM, g), Y13);
                }
                default -> {
                    a.load(Y12, Mem.at(at, 32 * (g % 2)));
                    a.shiftLeft(Y13, Y12, (g < 2 ? 24 : 8) - 8 * sixteen);
                    a.shiftSigned(Y13, Y13, 24);
                    a.toFloats(Y13, Y13);
                    a.op(Op.MUL, scale(g), Y13, stack(0, g));
                }
            }
        }
    }

    private void byteOf(Ymm to, Ymm from, int shift) {
        a.shiftRight(to, from, shift);
        if (shift != 24) {
            a.op(Op.PAND, to, to, a.ints(0xff));
        }
        a.toFloats(to, to);
    }

    /** Bytes of a block, header included. */
    int blockBytes() {
        return 4 * layout.blockWords();
    }

    /** Eight rows' code words to Y12. */
    private void word(int index, int group) {
        a.load(Y12, Mem.at(at, 4 * layout.headerWords + ROW_BYTES * index + 32 * group));
    }

    /**
     * Eight rows' weights in some columns of a block, one after the other in Y13, with what is to be done with each.
     *
     * @param from first column, {@code to} the end; of layouts that pack words, whole words are best
     */
    void weights(int group, int from, int to, Use use) {
        int loaded = -1;
        for (int k = from; k < to; k++) {
            int bits = layout.codeBits;
            int word;
            int bit;
            switch (bits) {
                case 8, 4 -> {
                    word = k * bits / 32;
                    bit = k * bits % 32;
                }
                case 5 -> {
                    word = k < 30 ? k / 6 : -1;
                    bit = 2 + 5 * (k % 6);
                }
                default -> {
                    word = k % 16 < 15 ? k / 16 * 3 + k % 16 / 5 : -1;
                    bit = 2 + 6 * (k % 16 % 5);
                }
            }
            if (word < 0) {
                if (loaded != PAIRS) {
                    lowPairs(group, bits == 5 ? 0 : k / 16 * 3, bits == 5 ? 5 : 3);
                }
                loaded = bits == 5 ? PAIRS : -1;
                bit = bits == 5 ? 5 * (k - 30) : 0;
            } else if (word != loaded) {
                word(word, group);
                loaded = word;
            }
            code(bit, bits);
            a.toFloats(Y13, Y13);
            if (layout.minimum) {
                a.op(Op.FMA213, Y13, scale(group), stack(MINIMUM, group));
            } else {
                a.op(Op.MUL, Y13, Y13, scale(group));
            }
            use.with(Y13, k);
        }
    }

    /** What is done with a register of weights of one column. */
    interface Use {
        void with(Ymm weights, int column);
    }

    /** The pairs of low bits of some words, side by side, to Y12. */
    private void lowPairs(int group, int first, int count) {
        for (int i = 0; i < count; i++) {
            Ymm to = i == 0 ? Y12 : Y15;
            a.load(to, Mem.at(at, 4 * layout.headerWords + ROW_BYTES * (first + i) + 32 * group));
            a.op(Op.PAND, to, to, a.ints(3));
            if (i > 0) {
                a.shiftLeft(to, to, 2 * i);
                a.op(Op.POR, Y12, Y12, to);
            }
        }
    }

    /** The code at a bit of Y12 to Y13: signed ones at the upper end, so that nothing need be done for their sign. */
    private void code(int bit, int bits) {
        if (layout.minimum) {
            if (bit > 0) {
                a.shiftRight(Y13, Y12, bit);
            }
            if (bit + bits < 32) {
                a.op(Op.PAND, Y13, bit > 0 ? Y13 : Y12, Y14);
            }
            return;
        }
        int left = 32 - bits - bit;
        if (left > 0) {
            a.shiftLeft(Y13, Y12, left);
        }
        if (bit > 0) {
            a.op(Op.PAND, Y13, left > 0 ? Y13 : Y12, Y14);
        }
    }

    /** Loads the mask of codes, which {@link #weights} expects in Y14. */
    void mask() {
        int bits = layout.codeBits;
        a.load(Y14, a.ints(layout.minimum ? (1 << bits) - 1 : -1 << 32 - bits));
    }

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
