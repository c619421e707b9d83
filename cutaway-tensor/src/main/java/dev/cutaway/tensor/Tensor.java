package dev.cutaway.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Numbers with a shape: a dtype, dimensions and a native memory segment in row-major order without gaps, little endian.
 * The segment is 64-byte aligned where Cutaway allocated it and may be unaligned where it is a piece of a mapped file.
 *
 * <p>A tensor owns no memory of its own: it lives as long as its segment's arena. Once handed over it is not changed any
 * more, by convention, so that views and threads may share it.
 */
public final class Tensor {
    /** Bytes to which allocated tensors are aligned: a cache line, and the widest vector. */
    public static final int ALIGNMENT = 64;

    private final DType dtype;
    private final long[] shape;
    private final long size;
    private final MemorySegment data;
    private final Codec codec;

    private Tensor(DType dtype, MemorySegment data, long[] shape) {
        this.dtype = dtype;
        this.shape = shape;
        this.size = checkedSize(dtype, shape);
        long bytes = dtype.bytes(size);
        if (data.byteSize() != bytes) {
            throw new IllegalArgumentException("tensor " + describe(dtype, shape) + " takes " + bytes
                    + " bytes, but its memory has " + data.byteSize());
        }
        this.data = data;
        this.codec = Codecs.of(dtype);
    }

    /** An f32 tensor of zeros in memory that lives as long as it is reachable. */
    public static Tensor zeros(long... shape) {
        return zeros(DType.F32, shape);
    }

    /**
     * A tensor of zero bytes in memory that lives as long as it is reachable.
     *
     * @throws ResourceException if there is not enough memory
     */
    public static Tensor zeros(DType dtype, long... shape) {
        return zeros(Arena.ofAuto(), dtype, shape);
    }

    /**
     * A tensor of zero bytes in the arena's memory.
     *
     * @throws ResourceException if there is not enough memory
     */
    public static Tensor zeros(Arena arena, DType dtype, long... shape) {
        long bytes = dtype.bytes(checkedSize(dtype, shape));
        try {
            return new Tensor(dtype, arena.allocate(bytes, ALIGNMENT), shape.clone());
        } catch (OutOfMemoryError e) {
            throw new ResourceException(
                    "no memory for a tensor " + describe(dtype, shape) + " of " + bytes + " bytes; use a smaller model"
                            + " or context, or free memory",
                    e);
        }
    }

    /** A tensor over existing memory: exactly the bytes that dtype and shape take. */
    public static Tensor of(DType dtype, MemorySegment data, long... shape) {
        return new Tensor(dtype, data, shape.clone());
    }

    /** An f32 tensor with a copy of the values; without dimensions given it is a vector. */
    public static Tensor of(float[] values, long... shape) {
        Tensor t = zeros(shape.length == 0 ? new long[] {values.length} : shape);
        t.checkCount(values.length);
        MemorySegment.copy(values, 0, t.data, PlainCodecs.FLOAT, 0, values.length);
        return t;
    }

    /** An i32 tensor with a copy of the values; without dimensions given it is a vector. */
    public static Tensor ofInts(int[] values, long... shape) {
        Tensor t = zeros(DType.I32, shape.length == 0 ? new long[] {values.length} : shape);
        t.checkCount(values.length);
        MemorySegment.copy(values, 0, t.data, PlainCodecs.INT, 0, values.length);
        return t;
    }

    private void checkCount(int values) {
        if (values != size) {
            throw new IllegalArgumentException(values + " values do not fill shape " + Arrays.toString(shape));
        }
    }

    private static long checkedSize(DType dtype, long[] shape) {
        long size = 1;
        for (long d : shape) {
            if (d < 0) {
                throw new IllegalArgumentException("negative dimension " + d + " in shape " + Arrays.toString(shape));
            }
            try {
                size = Math.multiplyExact(size, d);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " has too many elements", e);
            }
        }
        if (dtype.quantised() && (shape.length == 0 || shape[shape.length - 1] % dtype.blockSize() != 0)) {
            throw new IllegalArgumentException("rows of shape " + Arrays.toString(shape)
                    + " do not fill whole blocks of " + dtype.blockSize() + " (" + dtype.label() + ")");
        }
        return size;
    }

    /** How the elements are kept. */
    public DType dtype() {
        return dtype;
    }

    /** A copy of the dimensions, outermost first. */
    public long[] shape() {
        return shape.clone();
    }

    /** Number of dimensions; 0 for a single number. */
    public int rank() {
        return shape.length;
    }

    /** One dimension; a negative axis counts from the last, -1. */
    public long dim(int axis) {
        int i = axis < 0 ? axis + shape.length : axis;
        if (i < 0 || i >= shape.length) {
            throw new IndexOutOfBoundsException("axis " + axis + " of shape " + Arrays.toString(shape));
        }
        return shape[i];
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    /** Bytes of the elements. */
    public long byteSize() {
        return data.byteSize();
    }

    /** The memory itself, little endian; not to be written to once the tensor is shared. */
    public MemorySegment data() {
        return data;
    }

    /** Whether both have the same dimensions. */
    public boolean equalsShape(Tensor other) {
        return Arrays.equals(shape, other.shape);
    }

    /** One element, widened to float, counted in row-major order. */
    public float get(long flat) {
        return codec.get(data, checkIndex(flat));
    }

    /** One element of an integer tensor (or a float one cut to its whole part) as int. */
    public int getInt(long flat) {
        checkIndex(flat);
        return switch (dtype) {
            case I32 -> data.get(PlainCodecs.INT, flat * 4);
            case I64 -> Math.toIntExact(getLong(flat));
            default -> (int) get(flat);
        };
    }

    /** One element of an integer tensor (or a float one cut to its whole part) as long. */
    public long getLong(long flat) {
        checkIndex(flat);
        return switch (dtype) {
            case I32 -> data.get(PlainCodecs.INT, flat * 4);
            case I64 -> data.get(PlainCodecs.LONG, flat * 8);
            case F64 -> (long) data.get(PlainCodecs.DOUBLE, flat * 8);
            default -> (long) get(flat);
        };
    }

    /**
     * Sets one element, rounded to nearest (even on ties).
     *
     * @throws UnsupportedOperationException for quantised types, whose elements share scales
     */
    public void set(long flat, float value) {
        codec.set(data, checkIndex(flat), value);
    }

    private long checkIndex(long flat) {
        if (flat < 0 || flat >= size) {
            throw new IndexOutOfBoundsException("element " + flat + " of shape " + Arrays.toString(shape));
        }
        return flat;
    }

    /** The block that keeps an element, taken apart: what "weight = scale x code" is shown from. */
    public QuantBlock describe(long flat) {
        return codec.describe(data, checkIndex(flat));
    }

    /** The same elements with other dimensions (a view). */
    public Tensor reshape(long... newShape) {
        return new Tensor(dtype, data, newShape.clone());
    }

    /** Row {@code i} of the first dimension (a view with one dimension less). */
    public Tensor row(long i) {
        Tensor one = slice(0, i, i + 1);
        return one.reshape(Arrays.copyOfRange(shape, 1, shape.length));
    }

    /**
     * The part {@code from} (inclusive) to {@code to} (exclusive) of an axis: a view for axis 0, else a copy.
     *
     * @throws IllegalArgumentException if a quantised tensor would be cut inside a block
     */
    public Tensor slice(int axis, long from, long to) {
        long length = dim(axis);
        if (from < 0 || from > to || to > length) {
            throw new IndexOutOfBoundsException(
                    "slice " + from + ":" + to + " of axis " + axis + " of shape " + Arrays.toString(shape));
        }
        int a = axis < 0 ? axis + shape.length : axis;
        long[] part = shape.clone();
        part[a] = to - from;
        long inner = 1; // elements of one step along the axis
        for (int i = a + 1; i < shape.length; i++) {
            inner *= shape[i];
        }
        long skip = dtype.bytes(from * inner);
        long bytes = dtype.bytes((to - from) * inner);
        if (a == 0) {
            return new Tensor(dtype, data.asSlice(skip, bytes), part);
        }
        Tensor copy = zeros(dtype, part);
        long stride = dtype.bytes(length * inner);
        long outer = bytes == 0 ? 0 : copy.byteSize() / bytes;
        for (long o = 0; o < outer; o++) {
            MemorySegment.copy(data, o * stride + skip, copy.data, o * bytes, bytes);
        }
        return copy;
    }

    /** A copy of a matrix with rows and columns exchanged; quantised ones are widened, because blocks run along rows. */
    public Tensor transposed(Arena arena) {
        Tensor plain = dtype.quantised() ? widen() : this;
        Tensor to = zeros(arena, plain.dtype, plain.dim(1), plain.dim(0));
        plain.transposeInto(to);
        return to;
    }

    /**
     * Writes this matrix, which is not quantised, with rows and columns exchanged.
     *
     * @param to another matrix of the same dtype, with as many rows as this one has columns
     * @throws IllegalArgumentException if it is of another dtype or shape
     */
    public void transposeInto(Tensor to) {
        long rows = dim(0);
        long columns = dim(1);
        if (to.dtype != dtype || to.dim(0) != columns || to.dim(1) != rows || dtype.quantised()) {
            throw new IllegalArgumentException(this + " with rows and columns exchanged is no " + to);
        }
        int bytes = dtype.blockBytes();
        int square = 16; // which stays in the cache
        for (long r = 0; r < rows; r += square) {
            for (long c = 0; c < columns; c += square) {
                for (long i = r; i < Math.min(rows, r + square); i++) {
                    for (long j = c; j < Math.min(columns, c + square); j++) {
                        move((i * columns + j) * bytes, to.data, (j * rows + i) * bytes, bytes);
                    }
                }
            }
        }
    }

    private void move(long from, MemorySegment to, long at, int bytes) {
        if (bytes == Integer.BYTES) {
            to.set(PlainCodecs.INT, at, data.get(PlainCodecs.INT, from));
        } else {
            MemorySegment.copy(data, from, to, at, bytes);
        }
    }

    /** This tensor if it is f32, else an f32 copy of the widened (dequantised) elements. */
    public Tensor widen() {
        return to(DType.F32);
    }

    /**
     * This tensor if it has the dtype already, else a copy converted through f32: rounded to nearest even, or quantised at
     * the quality of ggml's reference.
     *
     * @throws IllegalArgumentException if the rows do not fill whole blocks of the new type
     */
    public Tensor to(DType target) {
        if (target == dtype) {
            return this;
        }
        Tensor result = zeros(target, shape);
        Codec encoder = Codecs.of(target);
        int chunk = 4096; // a multiple of every block size
        float[] buffer = new float[(int) Math.min(chunk, size)];
        for (long at = 0; at < size; at += chunk) {
            int n = (int) Math.min(chunk, size - at);
            codec.decode(data, at, buffer, 0, n);
            encoder.encode(buffer, 0, n, result.data, at);
        }
        return result;
    }

    /**
     * All elements, widened, in row-major order.
     *
     * @throws ResourceException if there are more than an array can hold
     */
    public float[] toFloats() {
        if (size > Integer.MAX_VALUE - 8) {
            throw new ResourceException("tensor " + this + " has more elements than an array holds; read it in slices");
        }
        float[] values = new float[(int) size];
        codec.decode(data, 0, values, 0, values.length);
        return values;
    }

    /** Dtype and shape, as in {@code f32[2, 3]}; not the elements. */
    @Override
    public String toString() {
        return describe(dtype, shape);
    }

    private static String describe(DType dtype, long[] shape) {
        return dtype.label() + Arrays.toString(shape);
    }
}
