package dev.cutaway.tensor.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The one vector shape of this process: C2 compiles well only what it has seen in a single shape. */
final class Lanes {
    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(
            float.class, VectorShape.forBitSize(Choice.MADE.bits() > 0 ? Choice.MADE.bits() : Processor.vectorBits()));
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /** Floats of a vector: 4, 8 or 16. */
    static final int COUNT = FLOATS.length();

    /** Bytes of a vector. */
    static final int BYTES = 4 * COUNT;

    private Lanes() {}
}
