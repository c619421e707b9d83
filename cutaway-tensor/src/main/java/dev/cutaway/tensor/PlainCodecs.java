package dev.cutaway.tensor;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Types that keep each element by itself: floats and whole numbers. */
final class PlainCodecs {
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    static final List<Plain> ALL = List.of(
            new Plain(DType.F32, (d, i) -> d.get(FLOAT, i * 4), (d, i, v) -> d.set(FLOAT, i * 4, v)),
            new Plain(
                    DType.F16,
                    (d, i) -> Float.float16ToFloat(d.get(SHORT, i * 2)),
                    (d, i, v) -> d.set(SHORT, i * 2, Float.floatToFloat16(v))),
            new Plain(
                    DType.BF16,
                    (d, i) -> Float.intBitsToFloat(d.get(SHORT, i * 2) << 16),
                    (d, i, v) -> d.set(SHORT, i * 2, bfloat16(v))),
            new Plain(DType.F64, (d, i) -> (float) d.get(DOUBLE, i * 8), (d, i, v) -> d.set(DOUBLE, i * 8, v)),
            new Plain(DType.I8, (d, i) -> d.get(BYTE, i), (d, i, v) -> d.set(BYTE, i, (byte) clamp(v, -128, 127))),
            new Plain(
                    DType.I16,
                    (d, i) -> d.get(SHORT, i * 2),
                    (d, i, v) -> d.set(SHORT, i * 2, (short) clamp(v, Short.MIN_VALUE, Short.MAX_VALUE))),
            new Plain(DType.I32, (d, i) -> d.get(INT, i * 4), (d, i, v) -> d.set(INT, i * 4, (int) Math.rint(v))),
            new Plain(DType.I64, (d, i) -> d.get(LONG, i * 8), (d, i, v) -> d.set(LONG, i * 8, (long) Math.rint(v))),
            new Plain(DType.U8, (d, i) -> d.get(BYTE, i) & 0xff, (d, i, v) -> d.set(BYTE, i, (byte) clamp(v, 0, 255))),
            new Plain(
                    DType.BOOL,
                    (d, i) -> d.get(BYTE, i) != 0 ? 1 : 0,
                    (d, i, v) -> d.set(BYTE, i, (byte) (v != 0 ? 1 : 0))));

    private PlainCodecs() {}

    private static int clamp(float v, int low, int high) {
        return Math.clamp((long) Math.rint(v), low, high);
    }

    /** The upper half of a float, rounded to nearest, ties to even; a NaN stays one. */
    static short bfloat16(float v) {
        int bits = Float.floatToRawIntBits(v);
        if (Float.isNaN(v)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    @FunctionalInterface
    interface Getter {
        float get(MemorySegment data, long element);
    }

    @FunctionalInterface
    interface Setter {
        void set(MemorySegment data, long element, float value);
    }

    /** One plain type: how an element is read and written. */
    static final class Plain extends Codec {
        private final Getter getter;
        private final Setter setter;

        Plain(DType dtype, Getter getter, Setter setter) {
            super(dtype);
            this.getter = getter;
            this.setter = setter;
        }

        @Override
        public void decode(MemorySegment data, long from, float[] out, int at, int count) {
            if (dtype() == DType.F32) {
                MemorySegment.copy(data, FLOAT, from * 4, out, at, count);
                return;
            }
            for (int i = 0; i < count; i++) {
                out[at + i] = getter.get(data, from + i);
            }
        }

        @Override
        public void encode(float[] in, int at, int count, MemorySegment data, long to) {
            if (dtype() == DType.F32) {
                MemorySegment.copy(in, at, data, FLOAT, to * 4, count);
                return;
            }
            for (int i = 0; i < count; i++) {
                setter.set(data, to + i, in[at + i]);
            }
        }

        @Override
        public float get(MemorySegment data, long element) {
            return getter.get(data, element);
        }

        @Override
        void set(MemorySegment data, long element, float value) {
            setter.set(data, element, value);
        }

        @Override
        public QuantBlock describe(MemorySegment data, long element) {
            float value = get(data, element);
            return new QuantBlock(
                    dtype(), element, element * dtype().blockBytes(), 0, 0, value, 0, dtype().label() + " " + value);
        }
    }
}
