package dev.cutaway.tensor.machine;

/** The 64-bit general registers, in the order of their numbers. */
public enum Gp {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15;

    /** Its number in instructions. */
    @SuppressWarnings("EnumOrdinal") // declared in this order for it
    public int number() {
        return ordinal();
    }
}
