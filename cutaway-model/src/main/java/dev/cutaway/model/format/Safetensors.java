package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * A safetensors file, mapped: Hugging Face's format, a JSON header and raw little-endian data (huggingface/safetensors,
 * "Format").
 */
public final class Safetensors implements Checkpoint {
    private final MappedFile mapped;
    private final SequencedMap<String, TensorEntry> tensors;
    private final Map<String, Object> metadata;

    private Safetensors(MappedFile mapped, SafetensorsHeader header) {
        this.mapped = mapped;
        this.tensors = new LinkedHashMap<>(header.tensors());
        this.metadata = Collections.unmodifiableMap(header.metadata());
    }

    /**
     * Maps one file and checks its whole header.
     *
     * @throws BadInputException if it is not a safetensors file, or damaged
     */
    public static Safetensors open(Path path) {
        var opened = MappedFile.open(path, (channel, size) -> SafetensorsHeader.read(path, channel, size));
        return new Safetensors(opened.file(), opened.header());
    }

    /**
     * Opens {@code model.safetensors}, or the shards of {@code model.safetensors.index.json}, in a directory.
     *
     * @throws BadInputException if neither is there, or they are damaged
     */
    public static Checkpoint openDirectory(Path directory) {
        Path single = directory.resolve("model.safetensors");
        if (Files.exists(single)) {
            return open(single);
        }
        Path index = directory.resolve("model.safetensors.index.json");
        if (Files.exists(index)) {
            return ShardedSafetensors.open(index);
        }
        boolean pickled = Files.exists(directory.resolve("pytorch_model.bin"))
                || Files.exists(directory.resolve("pytorch_model.bin.index.json"));
        throw new BadInputException(directory + ": holds no model.safetensors"
                + (pickled
                        ? ", only pytorch_model.bin, a Python program that is not run; save the model with safetensors"
                        : " and no model.safetensors.index.json; give the directory of a model, or a .gguf file"));
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(tensors.sequencedKeySet());
    }

    @Override
    public Optional<TensorEntry> entry(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public Optional<Tensor> tensor(String name) {
        return entry(name).map(this::view);
    }

    private Tensor view(TensorEntry entry) {
        DType dtype = entry.dtype()
                .orElseThrow(() -> new BadInputException(file() + ": tensor " + entry.name() + " has dtype "
                        + entry.dtypeName() + ", which cannot be read; convert the model to bf16, f16 or f32"));
        return Tensor.of(dtype, mapped.slice(entry.fileOffset(), entry.bytes()), entry.dims());
    }

    @Override
    public Map<String, Object> metadata() {
        return metadata;
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
        return file() + " (" + tensors.size() + " tensors)";
    }
}
