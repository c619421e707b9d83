package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/**
 * A weight matrix {@code [rows, columns]} rearranged for products: panels of 32 rows in which the words of the 32 rows lie
 * side by side (see {@code Layout}). It takes as many bytes as the source format (Q4_K and Q5_K 3 % more), and keeps
 * exactly the source's values; formats without a layout of their own are widened to f32. Missing rows of the last panel
 * are zero. Immutable; it lives as long as the arena that it was packed into.
 */
public final class PackedMatrix {
    /** Rows of a panel, the unit in which threads share the work. */
    public static final int PANEL_ROWS = Layout.PANEL;

    private final DType source;
    private final int rows;
    private final int columns;
    private final boolean biased;
    final Layout layout;
    final MemorySegment data;
    final MemorySegment bias;
    final long panelBytes;

    private PackedMatrix(
            DType source,
            Layout layout,
            int rows,
            int columns,
            MemorySegment data,
            MemorySegment bias,
            boolean biased) {
        this.source = source;
        this.layout = layout;
        this.rows = rows;
        this.columns = columns;
        this.data = data;
        this.bias = bias;
        this.biased = biased;
        this.panelBytes = layout.panelBytes(columns);
    }

    /** Packs a matrix {@code [rows, columns]} of any dtype, without a bias, into memory freed with the object. */
    public static PackedMatrix of(Tensor weight) {
        return of(weight, Optional.empty(), Arena.ofAuto());
    }

    /**
     * Packs a matrix and, if there is one, the bias that products add.
     *
     * @param weight {@code [rows, columns]}, any dtype
     * @param bias {@code [rows]}, any dtype
     * @param arena what the packed memory belongs to
     * @throws IllegalArgumentException if the shapes do not fit
     */
    public static PackedMatrix of(Tensor weight, Optional<Tensor> bias, Arena arena) {
        return of(weight, LongUnaryOperator.identity(), bias, arena);
    }

    /**
     * Packs a matrix whose rows stand in another order in the file. Pages of a mapped file are given back as they are packed.
     *
     * @param weight {@code [rows, columns]}, any dtype
     * @param order for each row of the packed matrix the weight's row
     * @param bias {@code [rows]}, any dtype, in the packed matrix's order
     * @param arena what the packed memory belongs to
     * @throws IllegalArgumentException if the shapes do not fit
     */
    public static PackedMatrix of(Tensor weight, LongUnaryOperator order, Optional<Tensor> bias, Arena arena) {
        if (weight.rank() != 2 || weight.size() == 0) {
            throw new IllegalArgumentException("a matrix to pack has two dimensions of at least 1, not " + weight);
        }
        int rows = Math.toIntExact(weight.dim(0));
        if (bias.isPresent() && bias.get().size() != rows) {
            throw new IllegalArgumentException("bias " + bias.get() + " does not fit matrix " + weight);
        }
        MemorySegment biases = arena.allocate(panels(rows) * 4L * PANEL_ROWS, Tensor.ALIGNMENT);
        bias.ifPresent(b -> Floats.copy(b, biases));
        PackedMatrix packed = empty(weight, Layout.of(weight.dtype()), biases, bias.isPresent(), arena);
        if (!Packer.pack(weight, order, packed)) {
            packed = empty(weight, Layout.F32, biases, bias.isPresent(), arena);
            Packer.pack(weight, order, packed);
        }
        return packed;
    }

    private static PackedMatrix empty(Tensor weight, Layout layout, MemorySegment biases, boolean biased, Arena arena) {
        int rows = Math.toIntExact(weight.dim(0));
        int columns = Math.toIntExact(weight.dim(1));
        MemorySegment data = arena.allocate(panels(rows) * layout.panelBytes(columns), Tensor.ALIGNMENT);
        return new PackedMatrix(weight.dtype(), layout, rows, columns, data, biases, biased);
    }

    private static int panels(int rows) {
        return (rows + PANEL_ROWS - 1) / PANEL_ROWS;
    }

    /** Rows of the matrix: outputs of a product. */
    public int rows() {
        return rows;
    }

    /** Columns of the matrix: inputs of a product. */
    public int columns() {
        return columns;
    }

    /** Whether products add a bias. */
    public boolean biased() {
        return biased;
    }

    /**
     * The same packed weights, whose memory is shared, with another bias or none.
     *
     * @param other {@code [rows]}, any dtype
     */
    public PackedMatrix withBias(Optional<Tensor> other) {
        if (other.isPresent() && other.get().size() != rows) {
            throw new IllegalArgumentException("bias " + other.get() + " does not fit " + this);
        }
        MemorySegment biases = Arena.ofAuto().allocate(bias.byteSize(), Tensor.ALIGNMENT);
        other.ifPresent(b -> Floats.copy(b, biases));
        return new PackedMatrix(source, layout, rows, columns, data, biases, other.isPresent());
    }

    /** Number of panels: the rows divided by {@link #PANEL_ROWS}, rounded up. */
    public int panels() {
        return panels(rows);
    }

    /** The dtype that the weights had before packing. */
    public DType source() {
        return source;
    }

    /** Bytes of packed memory, bias included. */
    public long byteSize() {
        return data.byteSize() + bias.byteSize();
    }

    /** Writes one row, widened to f32, to {@code out} from float {@code outAt} on: the row of an embedding table. */
    public void row(int row, MemorySegment out, long outAt) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException("row " + row + " of a matrix of " + rows);
        }
        Panels.row(this, row, out, outAt);
    }

    /** The panel's first byte. */
    long panelAt(int panel) {
        return panel * panelBytes;
    }

    /** Source dtype, shape and size, as in {@code Q8_0[576, 1536] packed, 940032 bytes}. */
    @Override
    public String toString() {
        return source + "[" + rows + ", " + columns + "] packed, " + byteSize() + " bytes";
    }
}
