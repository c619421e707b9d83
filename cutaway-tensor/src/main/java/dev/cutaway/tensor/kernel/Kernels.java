package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.UsageException;
import java.util.Locale;

/**
 * The one choice of kernels in a process: plain Java ({@code scalar}) or the Vector API with 128-, 256- or 512-bit vectors.
 * It is made once, from the system property {@value #PROPERTY} ({@code auto} by default) and what the processor has, and
 * {@link #explain} says which one runs, why, and how to get a faster one.
 */
public final class Kernels {
    /** The system property that forces a choice: {@code auto}, {@code scalar}, {@code 128}, {@code 256} or {@code 512}. */
    public static final String PROPERTY = "cutaway.kernels";

    private static final Kernels CHOSEN = choose(System.getProperty(PROPERTY, "auto"));

    private final String name;
    private final String explanation;
    private final MatrixKernels matrix;
    private final RowKernels rows;
    private final AttentionKernels attention;

    private Kernels(
            String name, String explanation, MatrixKernels matrix, RowKernels rows, AttentionKernels attention) {
        this.name = name;
        this.explanation = explanation;
        this.matrix = matrix;
        this.rows = rows;
        this.attention = attention;
    }

    /**
     * The kernels of this process.
     *
     * @throws UsageException if the system property names none
     */
    public static Kernels get() {
        return CHOSEN;
    }

    /** The plain reference, whatever was chosen: what tests compare with. */
    public static Kernels scalar() {
        return scalar("asked for by the caller");
    }

    private static Kernels scalar(String why) {
        return new Kernels(
                "scalar",
                "kernels: scalar (plain Java, several times slower than vectors): " + why,
                new ScalarMatrix(),
                new ScalarRows(),
                new ScalarAttention());
    }

    private static Kernels choose(String asked) {
        String choice = asked.strip().toLowerCase(Locale.ROOT);
        if (!choice.matches("auto|scalar|128|256|512")) {
            throw new UsageException(
                    "-D" + PROPERTY + "=" + asked + ": unknown kernels; use auto, scalar, 128, 256 or 512");
        }
        if (choice.equals("scalar")) {
            return scalar("-D" + PROPERTY + "=scalar; leave the property out for vector kernels");
        }
        return scalar("vector kernels are not there yet");
    }

    /** Short name: {@code scalar}, {@code vector-128}, {@code vector-256} or {@code vector-512}. */
    public String name() {
        return name;
    }

    /** A line or two for people: which kernels run, why, and how to get faster ones. */
    public String explain() {
        return explanation;
    }

    /** Products with packed weights. */
    public MatrixKernels matrix() {
        return matrix;
    }

    /** Functions of rows and elements. */
    public RowKernels rows() {
        return rows;
    }

    /** Attention over keys and values. */
    public AttentionKernels attention() {
        return attention;
    }
}
