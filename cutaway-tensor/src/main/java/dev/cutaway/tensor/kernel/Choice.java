package dev.cutaway.tensor.kernel;

import java.util.Locale;
import java.util.Optional;

/**
 * Which kernels run and why, decided before any vector class is loaded.
 *
 * @param bits size of a vector; 0 for plain Java
 * @param why one sentence, with the way to something faster where there is one
 * @param error what is wrong with the request, if anything; then {@code bits} is 0
 */
record Choice(int bits, String why, Optional<String> error) {
    /** The choice of this process. */
    static final Choice MADE = make(System.getProperty(Kernels.PROPERTY, "auto"));

    /** Decides from what the property says. */
    static Choice make(String asked) {
        String wish = asked.strip().toLowerCase(Locale.ROOT);
        if (wish.equals("scalar")) {
            return new Choice(
                    0, "-D" + Kernels.PROPERTY + "=scalar asks for it; leave it out for vectors", Optional.empty());
        }
        if (!wish.matches("auto|128|256|512")) {
            String message =
                    "-D" + Kernels.PROPERTY + "=" + asked + ": unknown kernels; use auto, scalar, 128, 256 or 512";
            return new Choice(0, message, Optional.of(message));
        }
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            String why =
                    "the module jdk.incubator.vector is not there; start java with --add-modules jdk.incubator.vector"
                            + " (JDK 25) to be many times faster";
            return new Choice(
                    0, why, wish.equals("auto") ? Optional.empty() : Optional.of(wish + "-bit kernels: " + why));
        }
        return vectors(asked, wish, Processor.vectorBits());
    }

    private static Choice vectors(String asked, String wish, int widest) {
        if (wish.equals("auto")) {
            return widest < 128
                    ? new Choice(0, "this processor, or this JVM, has no vectors of 128 bits or more", Optional.empty())
                    : new Choice(widest, "the widest vectors that this processor and JVM offer", Optional.empty());
        }
        int bits = Integer.parseInt(wish);
        if (bits > widest) {
            String message = "-D" + Kernels.PROPERTY + "=" + asked + ": this processor and JVM have vectors of "
                    + widest + " bits; use auto, scalar or a smaller size";
            return new Choice(0, message, Optional.of(message));
        }
        String faster = bits < widest ? "; auto would take " + widest + " bits" : "";
        return new Choice(bits, "-D" + Kernels.PROPERTY + "=" + wish + " asks for it" + faster, Optional.empty());
    }

    /** Whether plain Java was chosen. */
    boolean scalar() {
        return bits == 0;
    }
}
