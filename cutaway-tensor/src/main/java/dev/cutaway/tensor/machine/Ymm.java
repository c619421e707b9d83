package dev.cutaway.tensor.machine;

/** The 256-bit vector registers, in the order of their numbers; 128-bit instructions use their lower halves. */
public enum Ymm {
    Y0,
    Y1,
    Y2,
    Y3,
    Y4,
    Y5,
    Y6,
    Y7,
    Y8,
    Y9,
    Y10,
    Y11,
    Y12,
    Y13,
    Y14,
    Y15;

    private static final Ymm[] ALL = values();

    /** Register number {@code i}. */
    public static Ymm of(int i) {
        return ALL[i];
    }

    /** Its number in instructions. */
    @SuppressWarnings("EnumOrdinal") // declared in this order for it
    public int number() {
        return ordinal();
    }
}
