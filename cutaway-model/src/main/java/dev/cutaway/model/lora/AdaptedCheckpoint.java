package dev.cutaway.model.lora;

import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.TensorEntry;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/** A model's checkpoint with the tensors of adapters beside its own, each where it lies. */
final class AdaptedCheckpoint implements Checkpoint {
    private final Checkpoint base;
    private final Map<String, Place> places;
    private final LinkedHashSet<String> names;
    private final boolean lent;

    /** A tensor of an adapter's file. */
    record Place(Checkpoint file, String key) {}

    /** @param lent whether somebody else closes the files */
    AdaptedCheckpoint(Checkpoint base, Map<String, Place> places, boolean lent) {
        this.base = base;
        this.lent = lent;
        this.places = places;
        names = new LinkedHashSet<>(base.names());
        names.addAll(places.keySet());
    }

    private Optional<Place> place(String name) {
        return Optional.ofNullable(places.get(name));
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(names);
    }

    @Override
    public Optional<TensorEntry> entry(String name) {
        return place(name)
                .map(p -> p.file.entry(p.key)
                        .map(e ->
                                new TensorEntry(name, e.dtypeName(), e.dtype(), e.shape(), e.fileOffset(), e.bytes())))
                .orElseGet(() -> base.entry(name));
    }

    @Override
    public Optional<Tensor> tensor(String name) {
        return place(name).map(p -> p.file.tensor(p.key)).orElseGet(() -> base.tensor(name));
    }

    @Override
    public Optional<Tensor> inFileOrder(String name) {
        return place(name).map(p -> p.file.inFileOrder(p.key)).orElseGet(() -> base.inFileOrder(name));
    }

    @Override
    public LongUnaryOperator rowOrder(String name) {
        return place(name).map(p -> p.file.rowOrder(p.key)).orElseGet(() -> base.rowOrder(name));
    }

    @Override
    public long fileOffset(String name) {
        return place(name).map(p -> p.file.fileOffset(p.key)).orElseGet(() -> base.fileOffset(name));
    }

    @Override
    public long elementOffset(String name, long element) {
        return place(name)
                .map(p -> p.file.elementOffset(p.key, element))
                .orElseGet(() -> base.elementOffset(name, element));
    }

    @Override
    public Map<String, Object> metadata() {
        return base.metadata();
    }

    @Override
    public Path file() {
        return base.file();
    }

    @Override
    public String ownName(String name) {
        return place(name).map(Place::key).orElseGet(() -> base.ownName(name));
    }

    @Override
    public Path file(String name) {
        return place(name).map(p -> p.file.file(p.key)).orElseGet(() -> base.file(name));
    }

    @Override
    public void close() {
        if (lent) {
            return;
        }
        Set<Checkpoint> files = Collections.newSetFromMap(new IdentityHashMap<>());
        places.values().forEach(p -> files.add(p.file));
        files.forEach(Checkpoint::close);
        base.close();
    }
}
