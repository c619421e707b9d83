package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How kernels read and write memory: little endian, no alignment asked for. */
final class Floats {
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private Floats() {}

    /** Float {@code at} of the segment. */
    static float get(MemorySegment s, long at) {
        return s.get(FLOAT, at << 2);
    }

    static void set(MemorySegment s, long at, float value) {
        s.set(FLOAT, at << 2, value);
    }

    /** Writes element {@code at} of 16-bit floats: the nearest, the even one of two. */
    static void setHalf(MemorySegment s, long at, float value) {
        s.set(SHORT, at << 1, Float.floatToFloat16(value));
    }

    /** Element {@code at} of 16-bit floats, or of 32-bit floats. */
    static float kept(MemorySegment s, long at, boolean halves) {
        return halves ? Float.float16ToFloat(s.get(SHORT, at << 1)) : s.get(FLOAT, at << 2);
    }

    /** Widens a tensor into a segment from its start on. */
    static void copy(Tensor from, MemorySegment to) {
        Tensor wide = from.widen();
        MemorySegment.copy(wide.data(), 0, to, 0, wide.byteSize());
    }
}
