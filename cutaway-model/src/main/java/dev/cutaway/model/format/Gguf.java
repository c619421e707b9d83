package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * A GGUF file, mapped, under its own tensor names and metadata keys. Shapes are row-major as in Hugging Face: GGUF's
 * reversed dimensions are turned round. {@link GgufModel} shows the same file as a Hugging Face model.
 */
public final class Gguf implements Checkpoint {
    private final MappedFile mapped;
    private final GgufHeader header;

    private Gguf(MappedFile mapped, GgufHeader header) {
        this.mapped = mapped;
        this.header = header;
    }

    /**
     * Maps a file and checks its whole header.
     *
     * @throws BadInputException if it is not a GGUF file of version 2 or 3, or damaged
     */
    public static Gguf open(Path path) {
        var opened = MappedFile.open(path, (channel, size) -> GgufHeader.read(path, channel, size));
        return new Gguf(opened.file(), opened.header());
    }

    /** The metadata with getters by type. */
    public GgufMetadata keys() {
        return header.metadata();
    }

    /** The file's version, 2 or 3. */
    public int version() {
        return header.version();
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(header.tensors().sequencedKeySet());
    }

    @Override
    public Optional<TensorEntry> entry(String name) {
        return Optional.ofNullable(header.tensors().get(name));
    }

    @Override
    public Optional<Tensor> tensor(String name) {
        return entry(name).map(this::view);
    }

    private Tensor view(TensorEntry entry) {
        DType dtype = entry.dtype()
                .orElseThrow(() -> new BadInputException(file() + ": tensor " + entry.name()
                        + " has type " + entry.dtypeName() + ", which cannot be read; use a file of one of "
                        + GgmlType.readable()));
        return Tensor.of(dtype, mapped.slice(entry.fileOffset(), entry.bytes()), entry.dims());
    }

    @Override
    public Map<String, Object> metadata() {
        SequencedMap<String, Object> all = new LinkedHashMap<>();
        header.metadata().values().forEach((key, value) -> all.put(key, value.held()));
        return Collections.unmodifiableMap(all);
    }

    @Override
    public Path file() {
        return mapped.path();
    }

    @Override
    public void close() {
        mapped.close();
    }

    @Override
    public String toString() {
        return file() + " (GGUF v" + version() + ", " + header.tensors().size() + " tensors)";
    }
}
