package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.LongUnaryOperator;

/**
 * Named tensors in a file (or several), memory-mapped: opening reads and checks the header, the data is read by the
 * operating system when it is touched. The checkpoint owns the mapping; its tensors are views that end with
 * {@link #close()}. Safe for use from several threads.
 */
public interface Checkpoint extends AutoCloseable {
    /** Names of the tensors, in the file's order. */
    SequencedSet<String> names();

    /** What the header says about a tensor; touches no data. */
    Optional<TensorEntry> entry(String name);

    /**
     * A tensor, as a view of the mapped file where the format allows it.
     *
     * @throws BadInputException if the tensor is there but of a type that cannot be read, or the file has been cut short
     *     since it was opened
     */
    Optional<Tensor> tensor(String name);

    /**
     * A tensor with its rows in the file's order, which {@link #rowOrder} explains: a view where {@link #tensor} has to copy.
     *
     * @throws BadInputException as {@link #tensor}
     */
    default Optional<Tensor> inFileOrder(String name) {
        return tensor(name);
    }

    /** For each row of a tensor its place among the rows of {@link #inFileOrder}. */
    default LongUnaryOperator rowOrder(String name) {
        return LongUnaryOperator.identity();
    }

    /** What the file says about itself: of safetensors the strings of {@code __metadata__}, of GGUF all typed values. */
    Map<String, Object> metadata();

    /** The file; of a sharded checkpoint its index. */
    Path file();

    /** What the file itself calls a tensor, whether it is there or not: for messages. */
    default String ownName(String name) {
        return name;
    }

    /** The file in which a tensor lies: the shard of a sharded checkpoint. */
    default Path file(String name) {
        return file();
    }

    /** Where a tensor's data starts, in bytes from the start of {@link #file(String)}. */
    default long fileOffset(String name) {
        return entry(name).map(TensorEntry::fileOffset).orElseThrow(() -> missing(name));
    }

    /**
     * Where the block that keeps one element starts, in bytes from the start of {@link #file(String)}; the element itself for
     * plain types.
     *
     * @param element the element's place in the tensor in row-major order
     */
    default long elementOffset(String name, long element) {
        TensorEntry entry = entry(name).orElseThrow(() -> missing(name));
        return entry.fileOffset()
                + entry.dtype()
                        .map(t -> element / t.blockSize() * t.blockBytes())
                        .orElse(0L);
    }

    /**
     * A tensor that must be there.
     *
     * @throws BadInputException naming it if it is not
     */
    default Tensor require(String name) {
        return tensor(name).orElseThrow(() -> missing(name));
    }

    private BadInputException missing(String name) {
        return new BadInputException(file() + ": tensor " + name + " is missing (" + names().size()
                + " tensors are there); the file does not belong to this kind of model, or is incomplete");
    }

    /** Unmaps the file; the tensors must not be used any more. */
    @Override
    void close();

    /**
     * Opens a {@code .safetensors} file, an index {@code .safetensors.index.json}, a directory that holds
     * {@code model.safetensors} or its index, or a {@code .gguf} file under GGUF's own names.
     *
     * @throws BadInputException if there is none, or it is not what it should be
     */
    static Checkpoint open(Path path) {
        if (Files.isDirectory(path)) {
            return Safetensors.openDirectory(path);
        }
        String name = path.toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".json")) {
            return ShardedSafetensors.open(path);
        }
        return name.endsWith(".gguf") ? Gguf.open(path) : Safetensors.open(path);
    }
}
