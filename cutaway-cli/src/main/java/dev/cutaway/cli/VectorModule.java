package dev.cutaway.cli;

import dev.cutaway.tensor.kernel.Kernels;

/**
 * Says to the launcher, which remembers it, whether kernels on this machine want the module of the Vector API: {@code yes} or
 * {@code no}. A program of its own, as the module can only be asked for before the JVM starts.
 */
public final class VectorModule {
    private VectorModule() {}

    /** Prints the answer. */
    public static void main(String[] args) {
        System.out.println(Kernels.wantVectorModule() ? "yes" : "no");
    }
}
