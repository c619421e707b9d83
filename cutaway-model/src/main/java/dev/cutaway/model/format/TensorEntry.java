package dev.cutaway.model.format;

import dev.cutaway.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a checkpoint's header says about one tensor, known without touching its data.
 *
 * @param name the checkpoint's name for it
 * @param dtypeName the file's own name for the element type
 * @param dtype the element type, empty if this version cannot read it
 * @param shape dimensions, row-major as in Hugging Face
 * @param fileOffset where its data starts, in bytes from the start of its file
 * @param bytes length of its data
 */
public record TensorEntry(
        String name, String dtypeName, Optional<DType> dtype, List<Long> shape, long fileOffset, long bytes) {
    /** Keeps the dimensions from being changed. */
    public TensorEntry {
        Objects.requireNonNull(name);
        shape = List.copyOf(shape);
    }

    static TensorEntry of(String name, DType dtype, long[] shape, long fileOffset) {
        List<Long> dims = Arrays.stream(shape).boxed().toList();
        return new TensorEntry(name, dtype.name(), Optional.of(dtype), dims, fileOffset, bytes(dtype, shape));
    }

    static long bytes(DType dtype, long[] shape) {
        return dtype.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    /** The dimensions as an array, outermost first. */
    public long[] dims() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }
}
