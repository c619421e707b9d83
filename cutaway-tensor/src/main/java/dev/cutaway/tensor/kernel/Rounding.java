package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/**
 * How products with blocks of codes may take activations: as whole numbers of 16 bits, in steps of the {@value #STEPS}th part
 * of the greatest of each 32 columns. Codes are whole numbers too, so a block's products add up without any rounding, in any
 * order, by instructions that do twice the work of those for floats; scales are applied to the sums. A step is 256 times finer
 * than that of activations of 8 bits, as other engines have them.
 */
final class Rounding {
    /** The greatest activation of a block is this many steps. */
    static final float STEPS = 32767;

    /** One step of a block whose greatest activation is 1. */
    static final float STEP = 1 / STEPS;

    /** Blocks of nothing but smaller numbers are rounded as if this were the greatest: no division by zero. */
    static final float LEAST = 1e-30f;

    private Rounding() {}

    /** The greatest absolute value of 32 columns, or no number if one of them is none. */
    static float greatest(MemorySegment x, long at) {
        int bits = Float.floatToRawIntBits(LEAST);
        for (int k = 0; k < Layout.BLOCK; k++) {
            bits = Math.max(bits, Float.floatToRawIntBits(Floats.get(x, at + k)) & 0x7fffffff);
        }
        return Float.intBitsToFloat(bits);
    }

    /** An activation in steps. */
    static int steps(float x, float perUnit) {
        double steps = Math.rint(x * perUnit);
        return Double.isNaN(steps) ? Short.MIN_VALUE : (int) Math.clamp(steps, Short.MIN_VALUE, Short.MAX_VALUE);
    }

    /**
     * The plain statement: the product of one row of weights and one of activations. Blocks are summed in order by fused
     * multiply-adds: of each group of columns under one scale the sum of codes times steps, then the minimum's part.
     */
    static float product(PackedMatrix w, int panel, int lane, MemorySegment x, long xAt) {
        float sum = 0;
        int group = w.layout.group();
        for (int first = 0; first < w.columns(); first += Layout.BLOCK) {
            float greatest = greatest(x, xAt + first);
            float step = greatest * STEP;
            float perUnit = STEPS / greatest;
            int all = 0;
            for (int g = first; g < first + Layout.BLOCK; g += group) {
                int codes = 0;
                for (int k = g; k < g + group; k++) {
                    int steps = steps(Floats.get(x, xAt + k), perUnit);
                    codes += steps * (int) Panels.code(w, panel, lane, k);
                    all += steps;
                }
                sum = Math.fma((float) codes, step * Panels.scale(w, panel, lane, g), sum);
            }
            if (w.layout.minimum) {
                sum = Math.fma(Panels.minimum(w, panel, lane, first), step * all, sum);
            }
        }
        return sum;
    }
}
