package dev.cutaway.model.format;

import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/** Tensors in memory, under a checkpoint's names: of a model that is being trained. */
public final class MemoryCheckpoint implements Checkpoint {
    private final Path name;
    private final LinkedHashMap<String, Tensor> tensors;

    /** @param name what messages call it */
    public MemoryCheckpoint(Path name, Map<String, Tensor> tensors) {
        this.name = name;
        this.tensors = new LinkedHashMap<>(tensors);
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(tensors.sequencedKeySet());
    }

    @Override
    public Optional<TensorEntry> entry(String tensor) {
        return tensor(tensor).map(t -> TensorEntry.of(tensor, t.dtype(), t.shape(), 0));
    }

    @Override
    public Optional<Tensor> tensor(String tensor) {
        return Optional.ofNullable(tensors.get(tensor));
    }

    @Override
    public Map<String, Object> metadata() {
        return Map.of();
    }

    @Override
    public Path file() {
        return name;
    }

    @Override
    public void close() {
        // The memory is its tensors' own.
    }
}
