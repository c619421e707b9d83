package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.UsageException;
import java.util.Optional;

/**
 * The one choice of kernels in a process: machine code made at run time ({@code machine}), the Vector API with 128-, 256- or
 * 512-bit vectors, or plain Java ({@code scalar}).
 * It is made once, from the system property {@value #PROPERTY} ({@code auto} by default) and what the processor has, and
 * {@link #explain} says which one runs, why, and how to get a faster one.
 */
public final class Kernels {
    /** The system property that forces a choice: {@code auto}, {@code machine}, {@code vector} (the widest), {@code scalar}, {@code 128}, {@code 256} or {@code 512}. */
    public static final String PROPERTY = "cutaway.kernels";

    private static final Kernels SCALAR = new Kernels(
            "scalar",
            new ScalarMatrix(false),
            new ScalarRows(),
            new ScalarAttention(),
            new ScalarDense(),
            new ScalarUpdates());

    private static final Kernels CHOSEN = Choice.MADE.scalar() ? SCALAR : Choice.MADE.machine() ? machine() : vectors();

    private final String name;
    private final MatrixKernels matrix;
    private final RowKernels rows;
    private final AttentionKernels attention;
    private final DenseKernels dense;
    private final UpdateKernels updates;

    private Kernels(
            String name,
            MatrixKernels matrix,
            RowKernels rows,
            AttentionKernels attention,
            DenseKernels dense,
            UpdateKernels updates) {
        this.name = name;
        this.matrix = matrix;
        this.rows = rows;
        this.attention = attention;
        this.dense = dense;
        this.updates = updates;
    }

    private static Kernels vectors() {
        return new Kernels(
                "vector-" + Choice.MADE.bits(),
                new VectorMatrix(),
                new VectorRows(),
                new VectorAttention(),
                new VectorDense(),
                new VectorUpdates());
    }

    private static Kernels machine() {
        MachineMatrix matrix =
                new MachineMatrix(Choice.MADE.bits() > 0 ? Optional.of(new VectorMatrix()) : Optional.empty());
        MachineRows rows = new MachineRows();
        return new Kernels(
                "machine", matrix, rows, new MachineAttention(rows), new MachineDense(matrix), new MachineUpdates());
    }

    /**
     * The kernels of this process.
     *
     * @throws UsageException if the system property asks for something unknown or not to be had
     */
    public static Kernels get() {
        if (Choice.MADE.error().isPresent()) {
            throw new UsageException(Choice.MADE.error().get());
        }
        return CHOSEN;
    }

    /**
     * Whether the choice made for oneself ({@code auto}) uses the module of the Vector API on this machine, if the JVM has it. What it
     * takes to find out is a fraction of what the module costs a start.
     */
    public static boolean wantVectorModule() {
        return Choice.wantsVectors();
    }

    /** The plain reference, whatever was chosen: what tests compare with. */
    public static Kernels scalar() {
        return SCALAR;
    }

    /** Which kernels this process runs, why, and how to get faster ones: a line for people. */
    public static String explain() {
        String what = Choice.MADE.scalar()
                ? "scalar (plain Java, many times slower than vectors)"
                : Choice.MADE.machine()
                        ? "machine code made at run time (AVX2; activations of 16 bits for quantised weights)"
                        : "Vector API, " + Choice.MADE.bits() + " bits";
        return what + ": " + Choice.MADE.why();
    }

    /** Short name: {@code machine}, {@code scalar}, {@code vector-128}, {@code vector-256} or {@code vector-512}. */
    public String name() {
        return name;
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

    /** Products of matrices as they lie, and the way back through functions of rows: training. */
    public DenseKernels dense() {
        return dense;
    }

    /** What optimisers do to weights. */
    public UpdateKernels updates() {
        return updates;
    }
}
