package dev.cutaway.verification.broken.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Breaks the rule that memory has an owner. */
final class Forever {
    private Forever() {}

    static MemorySegment take() {
        return Arena.global().allocate(8);
    }
}
