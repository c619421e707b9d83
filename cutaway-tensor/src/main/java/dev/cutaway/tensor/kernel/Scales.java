package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.INTS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Widens the headers of a panel's blocks to floats: for each group of columns that share them 32 scales, then 32 minima
 * where there are any. Signed codes are decoded at the upper end of a word, so their scales are multiplied by a power of two
 * that takes them back. All addresses and strides are bytes.
 *
 * <p>Half precision: sign, exponent and fraction move to their places in a float, and a multiplication by 2^112 corrects the
 * exponent, of subnormal halves too. Infinities do not come here, see {@link Packer#pack}.
 */
final class Scales {
    static final int HALF_BITS = 0x8fffe000;
    static final float HALF_UNIT = 0x1p112f;
    private static final int ROW_BYTES = 4 * Layout.PANEL;

    private Scales() {}

    /** The scales of {@code blocks} blocks of a panel from block {@code first} on; super-blocks must be whole. */
    static void decode(PackedMatrix w, long panelAt, int first, int blocks, MemorySegment out, long outAt) {
        Layout layout = w.layout;
        long at = panelAt + layout.blockAt(first);
        long stride = 4L * layout.blockWords();
        float unit = layout.minimum ? 1 : (float) Math.scalb(1.0, layout.codeBits - 32);
        switch (layout) {
            case Q8, Q4, Q5 -> halves(w.data, at, stride, blocks, HALF_UNIT * unit, out, outAt);
            case Q4_MIN, Q5_MIN -> minima(w.data, at, stride, blocks, out, outAt);
            case Q4_SUPER, Q5_SUPER -> {
                for (int b = 0; b < blocks; b += 8) {
                    long superAt = panelAt + layout.superAt((first + b) / 8);
                    superMinima(w.data, superAt, stride, out, outAt + 2L * b * ROW_BYTES);
                }
            }
            case Q6_SUPER -> {
                for (int b = 0; b < blocks; b += 8) {
                    long superAt = panelAt + layout.superAt((first + b) / 8);
                    superScales(w.data, superAt, stride, HALF_UNIT * unit, out, outAt + 2L * b * ROW_BYTES);
                }
            }
            default -> {}
        }
    }

    private static void halves(
            MemorySegment w, long at, long stride, int blocks, float unit, MemorySegment out, long outAt) {
        long p = at;
        long to = outAt;
        long end = at + blocks * stride;
        do {
            for (int j = 0; j < ROW_BYTES / 2; j += BYTES) {
                IntVector h = IntVector.fromMemorySegment(INTS, w, p + j, ORDER);
                h.lanewise(VectorOperators.LSHL, 16)
                        .lanewise(VectorOperators.ASHR, 3)
                        .and(HALF_BITS)
                        .reinterpretAsFloats()
                        .mul(unit)
                        .intoMemorySegment(out, to + j, ORDER);
                h.lanewise(VectorOperators.ASHR, 3)
                        .and(HALF_BITS)
                        .reinterpretAsFloats()
                        .mul(unit)
                        .intoMemorySegment(out, to + ROW_BYTES / 2 + j, ORDER);
            }
            p += stride;
            to += ROW_BYTES;
        } while (p != end);
    }

    private static void minima(MemorySegment w, long at, long stride, int blocks, MemorySegment out, long outAt) {
        long p = at;
        long to = outAt;
        long end = at + blocks * stride;
        do {
            for (int j = 0; j < ROW_BYTES; j += BYTES) {
                IntVector h = IntVector.fromMemorySegment(INTS, w, p + j, ORDER);
                h.lanewise(VectorOperators.LSHL, 16)
                        .lanewise(VectorOperators.ASHR, 3)
                        .and(HALF_BITS)
                        .reinterpretAsFloats()
                        .mul(HALF_UNIT)
                        .intoMemorySegment(out, to + j, ORDER);
                h.lanewise(VectorOperators.ASHR, 3)
                        .and(HALF_BITS)
                        .reinterpretAsFloats()
                        .mul(HALF_UNIT)
                        .intoMemorySegment(out, to + ROW_BYTES + j, ORDER);
            }
            p += stride;
            to += 2 * ROW_BYTES;
        } while (p != end);
    }

    /** One super-block: {@code scale = d * s}, {@code minimum = -(dmin * m)}. */
    private static void superMinima(MemorySegment w, long superAt, long stride, MemorySegment out, long outAt) {
        for (int j = 0; j < ROW_BYTES; j += BYTES) {
            IntVector f = IntVector.fromMemorySegment(INTS, w, superAt + j, ORDER);
            FloatVector d = f.lanewise(VectorOperators.LSHL, 16)
                    .lanewise(VectorOperators.ASHR, 3)
                    .and(HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(HALF_UNIT);
            FloatVector m = f.lanewise(VectorOperators.ASHR, 3)
                    .and(HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(-HALF_UNIT);
            long p = superAt + ROW_BYTES + j % (ROW_BYTES / 2);
            int shift = j / (ROW_BYTES / 2) * 16; // rows 16 to 31 lie in the upper halves
            long to = outAt + j;
            for (int b = 0; b < 8; b++) {
                IntVector h = IntVector.fromMemorySegment(INTS, w, p, ORDER).lanewise(VectorOperators.LSHR, shift);
                ((FloatVector) h.and(0xff).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(out, to, ORDER);
                ((FloatVector) h.lanewise(VectorOperators.LSHR, 8).and(0xff).convert(VectorOperators.I2F, 0))
                        .mul(m)
                        .intoMemorySegment(out, to + ROW_BYTES, ORDER);
                p += stride;
                to += 2 * ROW_BYTES;
            }
        }
    }

    /** One super-block of signed scales, two a block: {@code scale = d * s}. */
    private static void superScales(
            MemorySegment w, long superAt, long stride, float unit, MemorySegment out, long outAt) {
        for (int j = 0; j < ROW_BYTES; j += BYTES) {
            int left = 16 - j / (ROW_BYTES / 2) * 16; // brings a row's 16 bits to the upper end of its word
            long p = superAt + j % (ROW_BYTES / 2);
            FloatVector d = IntVector.fromMemorySegment(INTS, w, p, ORDER)
                    .lanewise(VectorOperators.LSHL, left)
                    .lanewise(VectorOperators.ASHR, 3)
                    .and(HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(unit);
            p += ROW_BYTES / 2;
            long to = outAt + j;
            for (int b = 0; b < 8; b++) {
                IntVector h = IntVector.fromMemorySegment(INTS, w, p, ORDER).lanewise(VectorOperators.LSHL, left);
                ((FloatVector) h.lanewise(VectorOperators.LSHL, 8)
                                .lanewise(VectorOperators.ASHR, 24)
                                .convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(out, to, ORDER);
                ((FloatVector) h.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(out, to + ROW_BYTES, ORDER);
                p += stride;
                to += 2 * ROW_BYTES;
            }
        }
    }
}
