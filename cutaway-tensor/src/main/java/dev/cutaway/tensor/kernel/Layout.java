package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.DType;

/**
 * How a panel of 32 weight rows is kept. Lane = row: what a vector register loads belongs to neighbouring rows and the
 * same columns, so that a product needs no sums across lanes. The unit is a 32-bit word per row; words of the 32 rows lie
 * side by side.
 *
 * <p>Plain layouts keep one (f32) or two (16-bit) columns in a word. Block layouts keep 32 columns as a header and
 * {@code codeBits} code words. Header fields of 16 bits are paired: word j keeps row j in its low half and row j + 16 in
 * its high half, so that one load serves two groups of lanes whatever the width of a vector. Codes are signed where a scale
 * is all that they have, and unsigned, as in the file, where a minimum is added:
 *
 * <ul>
 *   <li>8 bits: four in a word, the first column lowest;
 *   <li>4 bits: eight in a word, the first column lowest;
 *   <li>5 bits: in each of five words three in the lower 15 bits of each half, even columns in the lower half; column 30 from
 *       the highest bits of the lower halves, column 31 from those of the upper halves;
 *   <li>6 bits: in each of three words two in the lower 12 bits of each half, even columns in the lower half; the upper 4 bits
 *       of the halves, put together, are a fourth such word; and the same again for columns 16 to 31.
 * </ul>
 *
 * Super-blocks of 256 columns start with one word of two f16 factors for each row (or 16 paired words of one), and each
 * block's header then holds two 8-bit numbers for each row.
 */
enum Layout {
    /** One float a word. */
    F32(0, 0, 0, 0, false),
    /** Two IEEE halves a word. */
    F16(0, 0, 0, 0, false),
    /** Two bfloat16 a word. */
    BF16(0, 0, 0, 0, false),
    /** Q8_0: f16 scale. */
    Q8(8, 32, 0, 16, false),
    /** Q4_0: f16 scale. */
    Q4(4, 32, 0, 16, false),
    /** Q4_1: f16 scale and minimum. */
    Q4_MIN(4, 32, 0, 32, true),
    /** Q5_0: f16 scale. */
    Q5(5, 32, 0, 16, false),
    /** Q5_1: f16 scale and minimum. */
    Q5_MIN(5, 32, 0, 32, true),
    /** Q4_K: f16 factors of scales and minima; unsigned 6-bit scale and minimum a block. */
    Q4_SUPER(4, 256, 32, 16, true),
    /** Q5_K: likewise with 5-bit codes. */
    Q5_SUPER(5, 256, 32, 16, true),
    /** Q6_K: f16 factor; two signed 8-bit scales a block, one for each half. */
    Q6_SUPER(6, 256, 16, 16, false);

    /** Rows of a panel. */
    static final int PANEL = 32;

    /** Columns of a block. */
    static final int BLOCK = 32;

    final int codeBits;
    final int superColumns;
    final int superHeaderWords;
    final int headerWords;
    /** Whether a block adds a minimum: {@code weight = code * scale + minimum}. */
    final boolean minimum;

    Layout(int codeBits, int superColumns, int superHeaderWords, int headerWords, boolean minimum) {
        this.codeBits = codeBits;
        this.superColumns = superColumns;
        this.superHeaderWords = superHeaderWords;
        this.headerWords = headerWords;
        this.minimum = minimum;
    }

    /** The layout that keeps a dtype exactly; types without one of their own are widened to f32. */
    static Layout of(DType dtype) {
        return switch (dtype) {
            case F16 -> F16;
            case BF16 -> BF16;
            case Q8_0 -> Q8;
            case Q4_0 -> Q4;
            case Q4_1 -> Q4_MIN;
            case Q5_0 -> Q5;
            case Q5_1 -> Q5_MIN;
            case Q4_K -> Q4_SUPER;
            case Q5_K -> Q5_SUPER;
            case Q6_K -> Q6_SUPER;
            default -> F32;
        };
    }

    /** Whether columns are kept in blocks with scales. */
    boolean blocked() {
        return codeBits > 0;
    }

    /** Whether there are two levels of scales. */
    boolean nested() {
        return superHeaderWords > 0;
    }

    /** Columns that share one scale. */
    int group() {
        return this == Q6_SUPER ? 16 : BLOCK;
    }

    /** 32-bit words of one block of 32 columns and 32 rows, header included. */
    int blockWords() {
        return headerWords + codeBits * PANEL;
    }

    /** Words of one super-block (or of one block, where there are no super-blocks). */
    int superWords() {
        return superHeaderWords + superColumns / BLOCK * blockWords();
    }

    /** Bytes of one panel of a matrix with so many columns. */
    long panelBytes(int columns) {
        return switch (this) {
            case F32 -> 4L * PANEL * columns;
            case F16, BF16 -> 4L * PANEL * ((columns + 1) / 2);
            default -> 4L * superWords() * (columns / superColumns);
        };
    }

    /** Where super-block {@code s} of a panel starts, in bytes from the panel. */
    long superAt(int s) {
        return 4L * s * superWords();
    }

    /** Where the header of block {@code b} starts, in bytes from the panel. */
    long blockAt(int b) {
        int perSuper = superColumns / BLOCK;
        return superAt(b / perSuper) + 4L * (superHeaderWords + b % perSuper * blockWords());
    }
}
