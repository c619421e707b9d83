package dev.cutaway.tensor.machine;

import java.util.Optional;

/**
 * A place in memory: {@code base + index * scale + displacement}, or a place in the code's own constants.
 *
 * @param base the register that holds the address; ignored where there is a constant
 * @param index another register, not RSP, if any
 * @param scale 1, 2, 4 or 8
 * @param displacement bytes
 * @param constant the label of a constant, addressed relative to the instruction, if it is one
 */
public record Mem(Gp base, Optional<Gp> index, int scale, int displacement, Optional<Label> constant) {
    /** Checks the parts. */
    public Mem {
        if (scale != 1 && scale != 2 && scale != 4 && scale != 8 || index.equals(Optional.of(Gp.RSP))) {
            throw new IllegalArgumentException("no address: index " + index + ", scale " + scale);
        }
    }

    /** The bytes that a register points to. */
    public static Mem at(Gp base) {
        return at(base, 0);
    }

    /** The bytes at a distance from where a register points to. */
    public static Mem at(Gp base, int displacement) {
        return new Mem(base, Optional.empty(), 1, displacement, Optional.empty());
    }

    /** The bytes at {@code base + index * scale + displacement}. */
    public static Mem at(Gp base, Gp index, int scale, int displacement) {
        return new Mem(base, Optional.of(index), scale, displacement, Optional.empty());
    }

    /** A constant of the code, see {@link Assembler#floats}. */
    static Mem constant(Label label) {
        return new Mem(Gp.RAX, Optional.empty(), 1, 0, Optional.of(label));
    }
}
