package dev.cutaway.tensor.kernel;

import jdk.incubator.vector.FloatVector;

/** What the vector module says of the processor; loaded only where that module is there. */
final class Processor {
    private Processor() {}

    /** Size of the preferred float vector, 64 to 512 bits (wider ones are used as 512). */
    static int vectorBits() {
        return Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
    }
}
