package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.Cpu;
import dev.cutaway.tensor.machine.MachineCode;
import java.util.Locale;
import java.util.Optional;

/**
 * Which kernels run and why, decided before any vector class is loaded.
 *
 * @param machine whether products, row functions and attention run as machine code made at run time
 * @param bits size of a vector of the Vector API; 0 for plain Java, or machine code alone
 * @param why one sentence, with the way to something faster where there is one
 * @param error what is wrong with the request, if anything; then {@code bits} is 0
 */
record Choice(boolean machine, int bits, String why, Optional<String> error) {
    /** The choice of this process. */
    static final Choice MADE = make(System.getProperty(Kernels.PROPERTY, "auto"));

    /** Decides from what the property says. */
    static Choice make(String asked) {
        String wish = asked.strip().toLowerCase(Locale.ROOT);
        if (wish.equals("scalar")) {
            return new Choice(
                    false,
                    0,
                    "-D" + Kernels.PROPERTY + "=scalar asks for it; leave it out for vectors",
                    Optional.empty());
        }
        if (!wish.matches("auto|machine|vector|128|256|512")) {
            String message = "-D" + Kernels.PROPERTY + "=" + asked
                    + ": unknown kernels; use auto, machine, vector, scalar, 128, 256 or 512";
            return new Choice(false, 0, message, Optional.of(message));
        }
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        String obstacle = "";
        if (wish.equals("machine") || wish.equals("auto")) {
            Machine machine = Machine.found();
            obstacle = machine.obstacle();
            if (wish.equals("machine")) {
                return machine(obstacle);
            }
            if (obstacle.isEmpty()) {
                // The machine code's vectors have 256 bits: where there are wider ones, many rows times float weights,
                // which are the same to the bit, are left to the compiler's code for those.
                int wide = vectors && machine.wider() ? Processor.vectorBits() : 0;
                String why = "this processor has 256-bit vectors with fused multiply-add, and code made for them is"
                        + " faster than what the JVM's compiler makes"
                        + (wide > 256 ? "; prompts with float weights run on the Vector API's " + wide + " bits" : "");
                return new Choice(true, wide > 256 ? wide : 0, why, Optional.empty());
            }
        }
        if (!vectors) {
            String why =
                    "the module jdk.incubator.vector is not there; start java with --add-modules jdk.incubator.vector"
                            + " (JDK 25) to be many times faster"
                            + (obstacle.isEmpty() ? "" : "; no machine code: " + obstacle);
            return new Choice(
                    false, 0, why, wish.equals("auto") ? Optional.empty() : Optional.of(wish + "-bit kernels: " + why));
        }
        Choice choice = vectors(asked, wish, Processor.vectorBits());
        return obstacle.isEmpty()
                ? choice
                : new Choice(
                        false, choice.bits(), choice.why() + " (no machine code: " + obstacle + ")", choice.error());
    }

    /**
     * What machine code has to do with here.
     *
     * @param obstacle why it cannot run; empty if it can
     * @param wider whether the processor has wider vectors than it uses
     */
    private record Machine(String obstacle, boolean wider) {
        static Machine found() {
            try {
                String obstacle = MachineCode.obstacle();
                if (!obstacle.isEmpty()) {
                    return new Machine(obstacle, false);
                }
                Cpu cpu = Cpu.read();
                return new Machine(cpu.avx2() ? "" : "this processor lacks AVX2, FMA or BMI2", cpu.avx512());
            } catch (IllegalStateException e) {
                return new Machine(String.valueOf(e.getMessage()), false); // executable memory is forbidden
            }
        }
    }

    /** Whether {@code auto} takes the Vector API for anything. */
    static boolean wantsVectors() {
        Machine machine = Machine.found();
        return !machine.obstacle().isEmpty() || machine.wider();
    }

    private static Choice machine(String obstacle) {
        if (obstacle.isEmpty()) {
            return new Choice(true, 0, "-D" + Kernels.PROPERTY + "=machine asks for it", Optional.empty());
        }
        String message = "-D" + Kernels.PROPERTY + "=machine: " + obstacle + "; use auto";
        return new Choice(false, 0, message, Optional.of(message));
    }

    private static Choice vectors(String asked, String wish, int widest) {
        if (wish.equals("auto") || wish.equals("vector")) {
            return widest < 128
                    ? new Choice(
                            false,
                            0,
                            "this processor, or this JVM, has no vectors of 128 bits or more",
                            Optional.empty())
                    : new Choice(
                            false, widest, "the widest vectors that this processor and JVM offer", Optional.empty());
        }
        int bits = Integer.parseInt(wish);
        if (bits > widest) {
            String message = "-D" + Kernels.PROPERTY + "=" + asked + ": this processor and JVM have vectors of "
                    + widest + " bits; use auto, scalar or a smaller size";
            return new Choice(false, 0, message, Optional.of(message));
        }
        String faster = bits < widest ? "; auto would take " + widest + " bits" : "";
        return new Choice(
                false, bits, "-D" + Kernels.PROPERTY + "=" + wish + " asks for it" + faster, Optional.empty());
    }

    /** Whether plain Java was chosen. */
    boolean scalar() {
        return bits == 0 && !machine;
    }
}
