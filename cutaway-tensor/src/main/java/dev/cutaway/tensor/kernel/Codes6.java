package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.INTS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Products with signed 6-bit codes, which have a scale for each 16 columns. */
final class Codes6 {
    private static final int TOP = 0xfc000000;
    private static final int HIGH = 0xf000f000;

    private Codes6() {}

    /** Adds the products of signed 6-bit codes with one row of x to four vectors of sums. */
    static void dot(
            MemorySegment w,
            long wAt,
            long w1,
            long stride,
            int blocks,
            MemorySegment x,
            long xAt,
            MemorySegment scratch,
            long scaleAt,
            long s1,
            long sumAt,
            long y1) {
        // Bytes throughout. Four vectors of rows: at 0, w1, 64 and w1 + 64 from a word's start.
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        FloatVector yc = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + 64, ORDER);
        FloatVector yd = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1 + 64, ORDER);
        long p = wAt;
        long end = wAt + blocks * stride;
        long s = scaleAt;
        long xp = xAt;
        do {
            long half = p;
            long halves = p + 768;
            do {
                FloatVector da = FloatVector.fromMemorySegment(FLOATS, scratch, s, ORDER);
                FloatVector db = FloatVector.fromMemorySegment(FLOATS, scratch, s + s1, ORDER);
                FloatVector dc = FloatVector.fromMemorySegment(FLOATS, scratch, s + 64, ORDER);
                FloatVector dd = FloatVector.fromMemorySegment(FLOATS, scratch, s + s1 + 64, ORDER);
                long c = half;
                long codes = half + 384;
                int shift = 12;
                IntVector resta = IntVector.zero(INTS);
                IntVector restb = IntVector.zero(INTS);
                IntVector restc = IntVector.zero(INTS);
                IntVector restd = IntVector.zero(INTS);
                do {
                    IntVector va = IntVector.fromMemorySegment(INTS, w, c, ORDER);
                    IntVector vb = IntVector.fromMemorySegment(INTS, w, c + w1, ORDER);
                    IntVector vc = IntVector.fromMemorySegment(INTS, w, c + 64, ORDER);
                    IntVector vd = IntVector.fromMemorySegment(INTS, w, c + w1 + 64, ORDER);
                    FloatVector b;
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 0));
                    ya = ((FloatVector) va.lanewise(VectorOperators.LSHL, 26)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(da)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.lanewise(VectorOperators.LSHL, 26)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(db)
                            .fma(b, yb);
                    yc = ((FloatVector) vc.lanewise(VectorOperators.LSHL, 26)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dc)
                            .fma(b, yc);
                    yd = ((FloatVector) vd.lanewise(VectorOperators.LSHL, 26)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dd)
                            .fma(b, yd);
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
                    ya = ((FloatVector) va.lanewise(VectorOperators.LSHL, 10)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(da)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.lanewise(VectorOperators.LSHL, 10)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(db)
                            .fma(b, yb);
                    yc = ((FloatVector) vc.lanewise(VectorOperators.LSHL, 10)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dc)
                            .fma(b, yc);
                    yd = ((FloatVector) vd.lanewise(VectorOperators.LSHL, 10)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dd)
                            .fma(b, yd);
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 8));
                    ya = ((FloatVector) va.lanewise(VectorOperators.LSHL, 20)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(da)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.lanewise(VectorOperators.LSHL, 20)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(db)
                            .fma(b, yb);
                    yc = ((FloatVector) vc.lanewise(VectorOperators.LSHL, 20)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dc)
                            .fma(b, yc);
                    yd = ((FloatVector) vd.lanewise(VectorOperators.LSHL, 20)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dd)
                            .fma(b, yd);
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 12));
                    ya = ((FloatVector) va.lanewise(VectorOperators.LSHL, 4)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(da)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.lanewise(VectorOperators.LSHL, 4)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(db)
                            .fma(b, yb);
                    yc = ((FloatVector) vc.lanewise(VectorOperators.LSHL, 4)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dc)
                            .fma(b, yc);
                    yd = ((FloatVector) vd.lanewise(VectorOperators.LSHL, 4)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dd)
                            .fma(b, yd);
                    resta = resta.or(va.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                    restb = restb.or(vb.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                    restc = restc.or(vc.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                    restd = restd.or(vd.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                    xp += 16;
                    c += 128;
                    shift -= 4;
                } while (c != codes);
                FloatVector b;
                b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 0));
                ya = ((FloatVector) resta.lanewise(VectorOperators.LSHL, 26)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(da)
                        .fma(b, ya);
                yb = ((FloatVector) restb.lanewise(VectorOperators.LSHL, 26)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(db)
                        .fma(b, yb);
                yc = ((FloatVector) restc.lanewise(VectorOperators.LSHL, 26)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(dc)
                        .fma(b, yc);
                yd = ((FloatVector) restd.lanewise(VectorOperators.LSHL, 26)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(dd)
                        .fma(b, yd);
                b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
                ya = ((FloatVector) resta.lanewise(VectorOperators.LSHL, 10)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(da)
                        .fma(b, ya);
                yb = ((FloatVector) restb.lanewise(VectorOperators.LSHL, 10)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(db)
                        .fma(b, yb);
                yc = ((FloatVector) restc.lanewise(VectorOperators.LSHL, 10)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(dc)
                        .fma(b, yc);
                yd = ((FloatVector) restd.lanewise(VectorOperators.LSHL, 10)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(dd)
                        .fma(b, yd);
                b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 8));
                ya = ((FloatVector) resta.lanewise(VectorOperators.LSHL, 20)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(da)
                        .fma(b, ya);
                yb = ((FloatVector) restb.lanewise(VectorOperators.LSHL, 20)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(db)
                        .fma(b, yb);
                yc = ((FloatVector) restc.lanewise(VectorOperators.LSHL, 20)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(dc)
                        .fma(b, yc);
                yd = ((FloatVector) restd.lanewise(VectorOperators.LSHL, 20)
                                .and(TOP)
                                .convert(VectorOperators.I2F, 0))
                        .mul(dd)
                        .fma(b, yd);
                b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 12));
                ya = ((FloatVector)
                                resta.lanewise(VectorOperators.LSHL, 4).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(da)
                        .fma(b, ya);
                yb = ((FloatVector)
                                restb.lanewise(VectorOperators.LSHL, 4).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(db)
                        .fma(b, yb);
                yc = ((FloatVector)
                                restc.lanewise(VectorOperators.LSHL, 4).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(dc)
                        .fma(b, yc);
                yd = ((FloatVector)
                                restd.lanewise(VectorOperators.LSHL, 4).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(dd)
                        .fma(b, yd);
                xp += 16;
                s += 128;
                half = codes;
            } while (half != halves);
            p += stride;
        } while (p != end);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** Widens signed 6-bit codes of one vector of rows to floats, column after column. */
    static void expand(
            MemorySegment w, long wAt, long stride, int blocks, MemorySegment scratch, long scaleAt, long outAt) {
        long p = wAt;
        long end = wAt + blocks * stride;
        long s = scaleAt;
        long out = outAt;
        do {
            long half = p;
            long halves = p + 768;
            do {
                FloatVector d = FloatVector.fromMemorySegment(FLOATS, scratch, s, ORDER);
                long c = half;
                long codes = half + 384;
                int shift = 12;
                IntVector rest = IntVector.zero(INTS);
                do {
                    IntVector v = IntVector.fromMemorySegment(INTS, w, c, ORDER);
                    ((FloatVector) v.lanewise(VectorOperators.LSHL, 26).and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(d)
                            .intoMemorySegment(scratch, out + 0, ORDER);
                    ((FloatVector) v.lanewise(VectorOperators.LSHL, 10).and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(d)
                            .intoMemorySegment(scratch, out + 128, ORDER);
                    ((FloatVector) v.lanewise(VectorOperators.LSHL, 20).and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(d)
                            .intoMemorySegment(scratch, out + 256, ORDER);
                    ((FloatVector) v.lanewise(VectorOperators.LSHL, 4).and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(d)
                            .intoMemorySegment(scratch, out + 384, ORDER);
                    rest = rest.or(v.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                    out += 512;
                    c += 128;
                    shift -= 4;
                } while (c != codes);
                ((FloatVector) rest.lanewise(VectorOperators.LSHL, 26).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 0, ORDER);
                ((FloatVector) rest.lanewise(VectorOperators.LSHL, 10).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 128, ORDER);
                ((FloatVector) rest.lanewise(VectorOperators.LSHL, 20).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 256, ORDER);
                ((FloatVector) rest.lanewise(VectorOperators.LSHL, 4).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 384, ORDER);
                out += 512;
                s += 128;
                half = codes;
            } while (half != halves);
            p += stride;
        } while (p != end);
    }
}
