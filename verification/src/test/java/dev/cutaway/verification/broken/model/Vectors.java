package dev.cutaway.verification.broken.model;

import jdk.incubator.vector.FloatVector;

/** Breaks the rule that the Vector API is used in kernels only. */
final class Vectors {
    private Vectors() {}

    static int length() {
        return FloatVector.SPECIES_PREFERRED.length();
    }
}
