package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/** Rearranges super-blocks of 256 columns (ggml's Q4_K, Q5_K, Q6_K) into panels. */
final class SuperPacker {
    private static final int COLUMNS = 256;

    private SuperPacker() {}

    static void pack(MemorySegment source, long from, PackedMatrix to, long at, int lane) {
        int[] codes = new int[COLUMNS];
        int[] block = new int[Layout.BLOCK];
        for (int s = 0; s < to.columns() / COLUMNS; s++) {
            switch (to.layout) {
                case Q4_SUPER -> four(source, from + 144L * s, to, at, s, lane);
                case Q5_SUPER -> five(source, from + 176L * s, to, at, s, lane, codes, block);
                default -> six(source, from + 210L * s, to, at, s, lane, codes, block);
            }
        }
    }

    private static void four(MemorySegment source, long from, PackedMatrix to, long at, int s, int lane) {
        factors(source, from, to, at, s, lane);
        for (int quarter = 0; quarter < 4; quarter++) {
            for (int i = 0; i < 4; i++) {
                long pairs = source.get(Floats.LONG, from + 16 + 32 * quarter + 8 * i);
                int b = s * 8 + 2 * quarter;
                Packer.word(to, at + to.layout.blockAt(b), lane, i, Packer.lowNibbles(pairs));
                Packer.word(to, at + to.layout.blockAt(b + 1), lane, i, Packer.lowNibbles(pairs >>> 4));
            }
        }
    }

    private static void five(
            MemorySegment source, long from, PackedMatrix to, long at, int s, int lane, int[] codes, int[] block) {
        factors(source, from, to, at, s, lane);
        for (int i = 0; i < 32; i++) {
            int high = source.get(Floats.BYTE, from + 16 + i);
            for (int quarter = 0; quarter < 4; quarter++) {
                int pair = source.get(Floats.BYTE, from + 48 + 32 * quarter + i);
                codes[64 * quarter + i] = pair & 15 | (high >>> 2 * quarter & 1) << 4;
                codes[64 * quarter + 32 + i] = pair >>> 4 & 15 | (high >>> 2 * quarter + 1 & 1) << 4;
            }
        }
        for (int b = 0; b < 8; b++) {
            System.arraycopy(codes, 32 * b, block, 0, 32);
            Packer.putFives(to, at + to.layout.blockAt(s * 8 + b), lane, block);
        }
    }

    /** The two f16 factors, and each block's 6-bit scale and minimum, widened to a byte each. */
    private static void factors(MemorySegment source, long from, PackedMatrix to, long at, int s, int lane) {
        to.data.set(Floats.INT, at + to.layout.superAt(s) + 4L * lane, source.get(Floats.INT, from));
        for (int g = 0; g < 8; g++) {
            int scale = sixBits(source, from + 4, g, 0);
            int minimum = sixBits(source, from + 4, g, 4);
            Packer.pairedHeader(to, at + to.layout.blockAt(s * 8 + g), lane, scale | minimum << 8);
        }
    }

    /** Number g of the scales (which = 0) or minima (4) in ggml's packing of sixteen 6-bit numbers into 12 bytes. */
    private static int sixBits(MemorySegment source, long at, int g, int which) {
        if (g < 4) {
            return source.get(Floats.BYTE, at + g + which) & 63;
        }
        int low = source.get(Floats.BYTE, at + g + 4) >>> which & 15;
        return low | (source.get(Floats.BYTE, at + g - 4 + which) >>> 6 & 3) << 4;
    }

    private static void six(
            MemorySegment source, long from, PackedMatrix to, long at, int s, int lane, int[] codes, int[] block) {
        Packer.pairedHeader(to, at + to.layout.superAt(s), lane, source.get(Floats.SHORT, from + 208));
        for (int e = 0; e < COLUMNS; e++) {
            int low = source.get(Floats.BYTE, from + e / 128 * 64 + e % 64) >>> e % 128 / 64 * 4 & 15;
            int high = source.get(Floats.BYTE, from + 128 + e / 128 * 32 + e % 32) >>> e % 128 / 32 * 2 & 3;
            codes[e] = (low | high << 4) - 32;
        }
        for (int b = 0; b < 8; b++) {
            long target = at + to.layout.blockAt(s * 8 + b);
            Packer.pairedHeader(to, target, lane, source.get(Floats.SHORT, from + 192 + 2 * b));
            System.arraycopy(codes, 32 * b, block, 0, 32);
            Packer.putSixes(to, target, lane, block);
        }
    }
}
