package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.INTS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Products with f32, f16 and bf16 weights; 16-bit ones lie two in a word. */
final class Codes16 {
    private Codes16() {}

    /** Products of f32 weights with one row of x, for four vectors of rows. */
    static void dot(
            MemorySegment w,
            long wAt,
            long w1,
            int columns,
            MemorySegment x,
            long xAt,
            MemorySegment scratch,
            long sumAt,
            long y1) {
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        FloatVector yc = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + 64, ORDER);
        FloatVector yd = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1 + 64, ORDER);
        long p = wAt;
        long xp = xAt;
        long end = wAt + columns * 128L;
        do {
            FloatVector b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp));
            ya = FloatVector.fromMemorySegment(FLOATS, w, p, ORDER).fma(b, ya);
            yb = FloatVector.fromMemorySegment(FLOATS, w, p + w1, ORDER).fma(b, yb);
            yc = FloatVector.fromMemorySegment(FLOATS, w, p + 64, ORDER).fma(b, yc);
            yd = FloatVector.fromMemorySegment(FLOATS, w, p + w1 + 64, ORDER).fma(b, yd);
            xp += 4;
            p += 128;
        } while (p != end);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** Products of f16 weights with one row of x, for four vectors of rows. */
    static void dotHalf(
            MemorySegment w,
            long wAt,
            long w1,
            int pairs,
            MemorySegment x,
            long xAt,
            MemorySegment scratch,
            long sumAt,
            long y1) {
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        FloatVector yc = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + 64, ORDER);
        FloatVector yd = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1 + 64, ORDER);
        long p = wAt;
        long xp = xAt;
        long end = wAt + pairs * 128L;
        do {
            FloatVector b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp));
            FloatVector c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
            IntVector va = IntVector.fromMemorySegment(INTS, w, p, ORDER);
            ya = va.lanewise(VectorOperators.ASHR, 3)
                    .and(Scales.HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(Scales.HALF_UNIT)
                    .fma(
                            c,
                            va.lanewise(VectorOperators.LSHL, 16)
                                    .lanewise(VectorOperators.ASHR, 3)
                                    .and(Scales.HALF_BITS)
                                    .reinterpretAsFloats()
                                    .mul(Scales.HALF_UNIT)
                                    .fma(b, ya));
            IntVector vb = IntVector.fromMemorySegment(INTS, w, p + w1, ORDER);
            yb = vb.lanewise(VectorOperators.ASHR, 3)
                    .and(Scales.HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(Scales.HALF_UNIT)
                    .fma(
                            c,
                            vb.lanewise(VectorOperators.LSHL, 16)
                                    .lanewise(VectorOperators.ASHR, 3)
                                    .and(Scales.HALF_BITS)
                                    .reinterpretAsFloats()
                                    .mul(Scales.HALF_UNIT)
                                    .fma(b, yb));
            IntVector vc = IntVector.fromMemorySegment(INTS, w, p + 64, ORDER);
            yc = vc.lanewise(VectorOperators.ASHR, 3)
                    .and(Scales.HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(Scales.HALF_UNIT)
                    .fma(
                            c,
                            vc.lanewise(VectorOperators.LSHL, 16)
                                    .lanewise(VectorOperators.ASHR, 3)
                                    .and(Scales.HALF_BITS)
                                    .reinterpretAsFloats()
                                    .mul(Scales.HALF_UNIT)
                                    .fma(b, yc));
            IntVector vd = IntVector.fromMemorySegment(INTS, w, p + w1 + 64, ORDER);
            yd = vd.lanewise(VectorOperators.ASHR, 3)
                    .and(Scales.HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(Scales.HALF_UNIT)
                    .fma(
                            c,
                            vd.lanewise(VectorOperators.LSHL, 16)
                                    .lanewise(VectorOperators.ASHR, 3)
                                    .and(Scales.HALF_BITS)
                                    .reinterpretAsFloats()
                                    .mul(Scales.HALF_UNIT)
                                    .fma(b, yd));
            xp += 8;
            p += 128;
        } while (p != end);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** Products of bf16 weights with one row of x, for four vectors of rows. */
    static void dotBrain(
            MemorySegment w,
            long wAt,
            long w1,
            int pairs,
            MemorySegment x,
            long xAt,
            MemorySegment scratch,
            long sumAt,
            long y1) {
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        FloatVector yc = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + 64, ORDER);
        FloatVector yd = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1 + 64, ORDER);
        long p = wAt;
        long xp = xAt;
        long end = wAt + pairs * 128L;
        do {
            FloatVector b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp));
            FloatVector c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
            IntVector va = IntVector.fromMemorySegment(INTS, w, p, ORDER);
            ya = va.and(0xffff0000)
                    .reinterpretAsFloats()
                    .fma(
                            c,
                            va.lanewise(VectorOperators.LSHL, 16)
                                    .reinterpretAsFloats()
                                    .fma(b, ya));
            IntVector vb = IntVector.fromMemorySegment(INTS, w, p + w1, ORDER);
            yb = vb.and(0xffff0000)
                    .reinterpretAsFloats()
                    .fma(
                            c,
                            vb.lanewise(VectorOperators.LSHL, 16)
                                    .reinterpretAsFloats()
                                    .fma(b, yb));
            IntVector vc = IntVector.fromMemorySegment(INTS, w, p + 64, ORDER);
            yc = vc.and(0xffff0000)
                    .reinterpretAsFloats()
                    .fma(
                            c,
                            vc.lanewise(VectorOperators.LSHL, 16)
                                    .reinterpretAsFloats()
                                    .fma(b, yc));
            IntVector vd = IntVector.fromMemorySegment(INTS, w, p + w1 + 64, ORDER);
            yd = vd.and(0xffff0000)
                    .reinterpretAsFloats()
                    .fma(
                            c,
                            vd.lanewise(VectorOperators.LSHL, 16)
                                    .reinterpretAsFloats()
                                    .fma(b, yd));
            xp += 8;
            p += 128;
        } while (p != end);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** The product of an odd last column of f16 weights. */
    static void lastHalf(
            MemorySegment w, long wAt, long w1, MemorySegment x, long xAt, MemorySegment scratch, long sumAt, long y1) {
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        FloatVector yc = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + 64, ORDER);
        FloatVector yd = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1 + 64, ORDER);
        long p = wAt;
        long xp = xAt;
        FloatVector b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp));
        ya = IntVector.fromMemorySegment(INTS, w, p, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(Scales.HALF_BITS)
                .reinterpretAsFloats()
                .mul(Scales.HALF_UNIT)
                .fma(b, ya);
        yb = IntVector.fromMemorySegment(INTS, w, p + w1, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(Scales.HALF_BITS)
                .reinterpretAsFloats()
                .mul(Scales.HALF_UNIT)
                .fma(b, yb);
        yc = IntVector.fromMemorySegment(INTS, w, p + 64, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(Scales.HALF_BITS)
                .reinterpretAsFloats()
                .mul(Scales.HALF_UNIT)
                .fma(b, yc);
        yd = IntVector.fromMemorySegment(INTS, w, p + w1 + 64, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 3)
                .and(Scales.HALF_BITS)
                .reinterpretAsFloats()
                .mul(Scales.HALF_UNIT)
                .fma(b, yd);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** The product of an odd last column of bf16 weights. */
    static void lastBrain(
            MemorySegment w, long wAt, long w1, MemorySegment x, long xAt, MemorySegment scratch, long sumAt, long y1) {
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        FloatVector yc = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + 64, ORDER);
        FloatVector yd = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1 + 64, ORDER);
        long p = wAt;
        long xp = xAt;
        FloatVector b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp));
        ya = IntVector.fromMemorySegment(INTS, w, p, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats()
                .fma(b, ya);
        yb = IntVector.fromMemorySegment(INTS, w, p + w1, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats()
                .fma(b, yb);
        yc = IntVector.fromMemorySegment(INTS, w, p + 64, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats()
                .fma(b, yc);
        yd = IntVector.fromMemorySegment(INTS, w, p + w1 + 64, ORDER)
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats()
                .fma(b, yd);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** Widens f16 weights of one vector of rows, two columns a word. */
    static void expandHalf(MemorySegment w, long wAt, int words, MemorySegment scratch, long outAt) {
        long p = wAt;
        long out = outAt;
        long end = wAt + words * 128L;
        do {
            IntVector v = IntVector.fromMemorySegment(INTS, w, p, ORDER);
            v.lanewise(VectorOperators.LSHL, 16)
                    .lanewise(VectorOperators.ASHR, 3)
                    .and(Scales.HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(Scales.HALF_UNIT)
                    .intoMemorySegment(scratch, out, ORDER);
            v.lanewise(VectorOperators.ASHR, 3)
                    .and(Scales.HALF_BITS)
                    .reinterpretAsFloats()
                    .mul(Scales.HALF_UNIT)
                    .intoMemorySegment(scratch, out + 128, ORDER);
            out += 256;
            p += 128;
        } while (p != end);
    }

    /** Widens bf16 weights of one vector of rows, two columns a word. */
    static void expandBrain(MemorySegment w, long wAt, int words, MemorySegment scratch, long outAt) {
        long p = wAt;
        long out = outAt;
        long end = wAt + words * 128L;
        do {
            IntVector v = IntVector.fromMemorySegment(INTS, w, p, ORDER);
            v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoMemorySegment(scratch, out, ORDER);
            v.and(0xffff0000).reinterpretAsFloats().intoMemorySegment(scratch, out + 128, ORDER);
            out += 256;
            p += 128;
        } while (p != end);
    }
}
