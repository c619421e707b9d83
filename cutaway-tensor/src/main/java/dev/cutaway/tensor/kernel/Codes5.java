package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.INTS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Products with 5-bit codes: signed ones with a scale, unsigned ones with a minimum as well. */
final class Codes5 {
    private static final int TOP = 0xf8000000;
    private static final int HIGH = 0x80008000;

    private Codes5() {}

    /** Adds the products of signed 5-bit codes with one row of x to four vectors of sums. */
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
            FloatVector da = FloatVector.fromMemorySegment(FLOATS, scratch, s, ORDER);
            FloatVector db = FloatVector.fromMemorySegment(FLOATS, scratch, s + s1, ORDER);
            FloatVector dc = FloatVector.fromMemorySegment(FLOATS, scratch, s + 64, ORDER);
            FloatVector dd = FloatVector.fromMemorySegment(FLOATS, scratch, s + s1 + 64, ORDER);
            long c = p;
            long codes = p + 640;
            int shift = 15;
            IntVector resta = IntVector.zero(INTS);
            IntVector restb = IntVector.zero(INTS);
            IntVector restc = IntVector.zero(INTS);
            IntVector restd = IntVector.zero(INTS);
            do {
                resta = resta.or(
                        IntVector.fromMemorySegment(INTS, w, c, ORDER).and(HIGH).lanewise(VectorOperators.LSHR, shift));
                restb = restb.or(IntVector.fromMemorySegment(INTS, w, c + w1, ORDER)
                        .and(HIGH)
                        .lanewise(VectorOperators.LSHR, shift));
                restc = restc.or(IntVector.fromMemorySegment(INTS, w, c + 64, ORDER)
                        .and(HIGH)
                        .lanewise(VectorOperators.LSHR, shift));
                restd = restd.or(IntVector.fromMemorySegment(INTS, w, c + w1 + 64, ORDER)
                        .and(HIGH)
                        .lanewise(VectorOperators.LSHR, shift));
                int skip = 11;
                do {
                    IntVector va =
                            IntVector.fromMemorySegment(INTS, w, c, ORDER).lanewise(VectorOperators.LSHL, skip);
                    IntVector vb =
                            IntVector.fromMemorySegment(INTS, w, c + w1, ORDER).lanewise(VectorOperators.LSHL, skip);
                    IntVector vc =
                            IntVector.fromMemorySegment(INTS, w, c + 64, ORDER).lanewise(VectorOperators.LSHL, skip);
                    IntVector vd = IntVector.fromMemorySegment(INTS, w, c + w1 + 64, ORDER)
                            .lanewise(VectorOperators.LSHL, skip);
                    FloatVector b;
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 0));
                    ya = ((FloatVector) va.lanewise(VectorOperators.LSHL, 16)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(da)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.lanewise(VectorOperators.LSHL, 16)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(db)
                            .fma(b, yb);
                    yc = ((FloatVector) vc.lanewise(VectorOperators.LSHL, 16)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dc)
                            .fma(b, yc);
                    yd = ((FloatVector) vd.lanewise(VectorOperators.LSHL, 16)
                                    .and(TOP)
                                    .convert(VectorOperators.I2F, 0))
                            .mul(dd)
                            .fma(b, yd);
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
                    ya = ((FloatVector) va.and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(da)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(db)
                            .fma(b, yb);
                    yc = ((FloatVector) vc.and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(dc)
                            .fma(b, yc);
                    yd = ((FloatVector) vd.and(TOP).convert(VectorOperators.I2F, 0))
                            .mul(dd)
                            .fma(b, yd);
                    xp += 8;
                    skip -= 5;
                } while (skip > 0);
                c += 128;
                shift--;
            } while (c != codes);
            FloatVector b;
            b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 0));
            ya = ((FloatVector) resta.lanewise(VectorOperators.LSHL, 27).convert(VectorOperators.I2F, 0))
                    .mul(da)
                    .fma(b, ya);
            yb = ((FloatVector) restb.lanewise(VectorOperators.LSHL, 27).convert(VectorOperators.I2F, 0))
                    .mul(db)
                    .fma(b, yb);
            yc = ((FloatVector) restc.lanewise(VectorOperators.LSHL, 27).convert(VectorOperators.I2F, 0))
                    .mul(dc)
                    .fma(b, yc);
            yd = ((FloatVector) restd.lanewise(VectorOperators.LSHL, 27).convert(VectorOperators.I2F, 0))
                    .mul(dd)
                    .fma(b, yd);
            b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
            ya = ((FloatVector)
                            resta.lanewise(VectorOperators.LSHL, 11).and(TOP).convert(VectorOperators.I2F, 0))
                    .mul(da)
                    .fma(b, ya);
            yb = ((FloatVector)
                            restb.lanewise(VectorOperators.LSHL, 11).and(TOP).convert(VectorOperators.I2F, 0))
                    .mul(db)
                    .fma(b, yb);
            yc = ((FloatVector)
                            restc.lanewise(VectorOperators.LSHL, 11).and(TOP).convert(VectorOperators.I2F, 0))
                    .mul(dc)
                    .fma(b, yc);
            yd = ((FloatVector)
                            restd.lanewise(VectorOperators.LSHL, 11).and(TOP).convert(VectorOperators.I2F, 0))
                    .mul(dd)
                    .fma(b, yd);
            xp += 8;
            s += 128;
            p += stride;
        } while (p != end);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
        yc.intoMemorySegment(scratch, sumAt + 64, ORDER);
        yd.intoMemorySegment(scratch, sumAt + y1 + 64, ORDER);
    }

    /** Adds the products of unsigned 5-bit codes with one row of x to four vectors of sums. */
    static void dotMinimum(
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
        // Bytes throughout. Two vectors of rows, at 0 and w1 from a word's start: with four, some
        // processes reached C2's node limit and allocated them.
        FloatVector ya = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt, ORDER);
        FloatVector yb = FloatVector.fromMemorySegment(FLOATS, scratch, sumAt + y1, ORDER);
        long p = wAt;
        long end = wAt + blocks * stride;
        long s = scaleAt;
        long xp = xAt;
        do {
            FloatVector da = FloatVector.fromMemorySegment(FLOATS, scratch, s, ORDER);
            FloatVector ma = FloatVector.fromMemorySegment(FLOATS, scratch, s + 128, ORDER);
            FloatVector db = FloatVector.fromMemorySegment(FLOATS, scratch, s + s1, ORDER);
            FloatVector mb = FloatVector.fromMemorySegment(FLOATS, scratch, s + 128 + s1, ORDER);
            long c = p;
            long codes = p + 640;
            int shift = 15;
            IntVector resta = IntVector.zero(INTS);
            IntVector restb = IntVector.zero(INTS);
            do {
                resta = resta.or(
                        IntVector.fromMemorySegment(INTS, w, c, ORDER).and(HIGH).lanewise(VectorOperators.LSHR, shift));
                restb = restb.or(IntVector.fromMemorySegment(INTS, w, c + w1, ORDER)
                        .and(HIGH)
                        .lanewise(VectorOperators.LSHR, shift));
                int skip = 0;
                do {
                    IntVector va =
                            IntVector.fromMemorySegment(INTS, w, c, ORDER).lanewise(VectorOperators.LSHR, skip);
                    IntVector vb =
                            IntVector.fromMemorySegment(INTS, w, c + w1, ORDER).lanewise(VectorOperators.LSHR, skip);
                    FloatVector b;
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 0));
                    ya = ((FloatVector) va.and(31).convert(VectorOperators.I2F, 0))
                            .fma(da, ma)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.and(31).convert(VectorOperators.I2F, 0))
                            .fma(db, mb)
                            .fma(b, yb);
                    b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
                    ya = ((FloatVector) va.lanewise(VectorOperators.LSHR, 16)
                                    .and(31)
                                    .convert(VectorOperators.I2F, 0))
                            .fma(da, ma)
                            .fma(b, ya);
                    yb = ((FloatVector) vb.lanewise(VectorOperators.LSHR, 16)
                                    .and(31)
                                    .convert(VectorOperators.I2F, 0))
                            .fma(db, mb)
                            .fma(b, yb);
                    xp += 8;
                    skip += 5;
                } while (skip != 15);
                c += 128;
                shift--;
            } while (c != codes);
            FloatVector b;
            b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 0));
            ya = ((FloatVector) resta.and(31).convert(VectorOperators.I2F, 0))
                    .fma(da, ma)
                    .fma(b, ya);
            yb = ((FloatVector) restb.and(31).convert(VectorOperators.I2F, 0))
                    .fma(db, mb)
                    .fma(b, yb);
            b = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xp + 4));
            ya = ((FloatVector) resta.lanewise(VectorOperators.LSHR, 16).and(31).convert(VectorOperators.I2F, 0))
                    .fma(da, ma)
                    .fma(b, ya);
            yb = ((FloatVector) restb.lanewise(VectorOperators.LSHR, 16).and(31).convert(VectorOperators.I2F, 0))
                    .fma(db, mb)
                    .fma(b, yb);
            xp += 8;
            s += 256;
            p += stride;
        } while (p != end);
        ya.intoMemorySegment(scratch, sumAt, ORDER);
        yb.intoMemorySegment(scratch, sumAt + y1, ORDER);
    }
    /** Widens signed 5-bit codes of one vector of rows to floats, column after column. */
    static void expand(
            MemorySegment w, long wAt, long stride, int blocks, MemorySegment scratch, long scaleAt, long outAt) {
        long p = wAt;
        long end = wAt + blocks * stride;
        long s = scaleAt;
        long out = outAt;
        do {
            FloatVector d = FloatVector.fromMemorySegment(FLOATS, scratch, s, ORDER);
            long c = p;
            long codes = p + 640;
            int shift = 15;
            IntVector rest = IntVector.zero(INTS);
            do {
                IntVector v = IntVector.fromMemorySegment(INTS, w, c, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHL, 27).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 0, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHL, 11).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 128, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHL, 22).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 256, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHL, 6).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 384, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHL, 17).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 512, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHL, 1).and(TOP).convert(VectorOperators.I2F, 0))
                        .mul(d)
                        .intoMemorySegment(scratch, out + 640, ORDER);
                rest = rest.or(v.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                out += 768;
                c += 128;
                shift--;
            } while (c != codes);
            ((FloatVector) rest.lanewise(VectorOperators.LSHL, 27).convert(VectorOperators.I2F, 0))
                    .mul(d)
                    .intoMemorySegment(scratch, out + 0, ORDER);
            ((FloatVector) rest.lanewise(VectorOperators.LSHL, 11).and(TOP).convert(VectorOperators.I2F, 0))
                    .mul(d)
                    .intoMemorySegment(scratch, out + 128, ORDER);
            out += 256;
            s += 128;
            p += stride;
        } while (p != end);
    }

    /** Widens unsigned 5-bit codes of one vector of rows to floats, column after column. */
    static void expandMinimum(
            MemorySegment w, long wAt, long stride, int blocks, MemorySegment scratch, long scaleAt, long outAt) {
        long p = wAt;
        long end = wAt + blocks * stride;
        long s = scaleAt;
        long out = outAt;
        do {
            FloatVector d = FloatVector.fromMemorySegment(FLOATS, scratch, s, ORDER);
            FloatVector m = FloatVector.fromMemorySegment(FLOATS, scratch, s + 128, ORDER);
            long c = p;
            long codes = p + 640;
            int shift = 15;
            IntVector rest = IntVector.zero(INTS);
            do {
                IntVector v = IntVector.fromMemorySegment(INTS, w, c, ORDER);
                ((FloatVector) v.and(31).convert(VectorOperators.I2F, 0))
                        .fma(d, m)
                        .intoMemorySegment(scratch, out + 0, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHR, 16).and(31).convert(VectorOperators.I2F, 0))
                        .fma(d, m)
                        .intoMemorySegment(scratch, out + 128, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHR, 5).and(31).convert(VectorOperators.I2F, 0))
                        .fma(d, m)
                        .intoMemorySegment(scratch, out + 256, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHR, 21).and(31).convert(VectorOperators.I2F, 0))
                        .fma(d, m)
                        .intoMemorySegment(scratch, out + 384, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHR, 10).and(31).convert(VectorOperators.I2F, 0))
                        .fma(d, m)
                        .intoMemorySegment(scratch, out + 512, ORDER);
                ((FloatVector) v.lanewise(VectorOperators.LSHR, 26).and(31).convert(VectorOperators.I2F, 0))
                        .fma(d, m)
                        .intoMemorySegment(scratch, out + 640, ORDER);
                rest = rest.or(v.and(HIGH).lanewise(VectorOperators.LSHR, shift));
                out += 768;
                c += 128;
                shift--;
            } while (c != codes);
            ((FloatVector) rest.and(31).convert(VectorOperators.I2F, 0))
                    .fma(d, m)
                    .intoMemorySegment(scratch, out + 0, ORDER);
            ((FloatVector) rest.lanewise(VectorOperators.LSHR, 16).and(31).convert(VectorOperators.I2F, 0))
                    .fma(d, m)
                    .intoMemorySegment(scratch, out + 128, ORDER);
            out += 256;
            s += 256;
            p += stride;
        } while (p != end);
    }
}
