package dev.cutaway.graph.learn;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.WeightArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The memory of one plan that is being run, and what the batch at hand is. Grows with the largest batch, never shrinks. */
final class Work implements AutoCloseable {
    final Kernels kernels;
    final int threads;
    private final Function<Parameter, Tensor> weights;
    private final Map<Place.Kind, Integer> widths;
    private final Map<Place.Kind, MemorySegment> memory = new HashMap<>();
    private final Map<Place.Kind, Integer> capacity = new HashMap<>();
    private WeightArena arena = new WeightArena();
    private WeightArena scratchArena = new WeightArena();
    private MemorySegment[] scratch;
    private long scratchFloats;
    private MemorySegment shared = MemorySegment.NULL;
    private WeightArena sharedArena = new WeightArena();
    private MemorySegment wide = MemorySegment.NULL;
    private WeightArena wideArena = new WeightArena();
    private @Nullable Parameter widened;
    private final Map<Parameter, Tensor> vectors = new ConcurrentHashMap<>();
    /** Sums over rows, by value. */
    final Map<Value, Tensor> sums;
    /** What has no rows of its own, a tensor for each sequence. */
    final Map<Value, Tensor[]> loose = new HashMap<>();

    private List<Segment> batch = List.of();
    private final Map<Place.Kind, int[]> starts = new HashMap<>();
    private final Map<String, int[]> ints = new HashMap<>();

    Work(
            Kernels kernels,
            int threads,
            Function<Parameter, Tensor> weights,
            Map<Place.Kind, Integer> widths,
            Map<Value, Tensor> sums) {
        this.kernels = kernels;
        this.threads = threads;
        this.weights = weights;
        this.widths = widths;
        this.sums = sums;
        this.scratch = new MemorySegment[threads];
        Arrays.fill(scratch, MemorySegment.NULL);
    }

    void bind(List<Segment> b) {
        batch = b;
        ints.clear();
        loose.clear();
        gather();
        starts.clear();
        Set<Place.Kind> kinds = new LinkedHashSet<>(widths.keySet());
        kinds.addAll(List.of(Place.Kind.ROWS, Place.Kind.SOURCE, Place.Kind.SEQUENCES, Place.Kind.COUNTED));
        for (Place.Kind k : kinds) {
            int[] s = new int[b.size() + 1];
            for (int i = 0; i < b.size(); i++) {
                s[i + 1] = Math.addExact(s[i], size(b.get(i).binding(), k));
            }
            starts.put(k, s);
        }
        boolean fits = widths.keySet().stream().allMatch(k -> rows(k) <= capacity.getOrDefault(k, 0));
        if (!fits) {
            grow();
        }
    }

    private static int size(Binding b, Place.Kind k) {
        int each = k.space().each();
        return each > 0 ? each : k.equals(Place.Kind.SEQUENCES) ? 1 : b.sizes().getOrDefault(k.space(), 0);
    }

    private void grow() {
        arena.close();
        arena = new WeightArena();
        memory.clear();
        widths.forEach((k, width) -> {
            int rows = Math.max(rows(k), capacity.getOrDefault(k, 0));
            capacity.put(k, rows);
            try {
                memory.put(k, arena.allocate(Math.max(64, 4L * width * rows), 64));
            } catch (OutOfMemoryError e) {
                throw new ResourceException(
                        "no memory for a batch of " + rows + " rows, " + 4L * width * rows / (1 << 20)
                                + " MiB; make the batch smaller and accumulate, or recompute blocks");
            }
        });
    }

    /** Fills floats {@code from} to {@code to}. */
    static void fill(MemorySegment s, long from, long to, float x) {
        for (long i = from; i < to; i++) {
            s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, x);
        }
    }

    /** Bytes held for values of rows. */
    long bytes() {
        return memory.values().stream().mapToLong(MemorySegment::byteSize).sum()
                + scratchFloats * 4 * threads
                + shared.byteSize()
                + wide.byteSize();
    }

    int segments() {
        return batch.size();
    }

    Segment segment(int i) {
        return batch.get(i);
    }

    int rows(Place.Kind k) {
        return starts(k)[batch.size()];
    }

    /** Where each sequence's rows begin, and where the last one's end. */
    int[] starts(Place.Kind k) {
        return Objects.requireNonNull(starts.get(k));
    }

    int rows(Place p) {
        return rows(p.kind);
    }

    MemorySegment memory(Place p) {
        return Objects.requireNonNull(memory.get(p.kind));
    }

    /** The float at which a row of a value begins. */
    long at(Place p, int row) {
        return p.offset * Objects.requireNonNull(capacity.get(p.kind)) + (long) row * p.width;
    }

    /** The float32 numbers of a weight: its own, or those that {@link #widens} announced, or of a short one a copy. */
    MemorySegment weight(Parameter p) {
        Tensor t = weights.apply(p);
        if (t.dtype() == DType.F32) {
            return t.data();
        }
        if (p.equals(widened)) {
            return wide;
        }
        return Objects.requireNonNull(
                        vectors.computeIfAbsent(p, k -> weights.apply(k).widen()))
                .data();
    }

    /**
     * Whether a weight has to be widened for products; from now on the memory for it is this one's. One at a time is: weights that are
     * frozen as they lie in a file, quantised perhaps, stay so.
     */
    boolean widens(Parameter p) {
        Tensor t = weights.apply(p);
        if (t.dtype() == DType.F32 || p.equals(widened)) {
            return false;
        }
        if (wide.byteSize() < 4 * t.size()) {
            wideArena.close();
            wideArena = new WeightArena();
            wide = wideArena.allocate(4 * t.size(), 64);
        }
        widened = p;
        return true;
    }

    Tensor weightTensor(Parameter p) {
        return weights.apply(p);
    }

    MemorySegment sum(Value v) {
        return Objects.requireNonNull(sums.get(v)).data();
    }

    /** An integer input of all sequences' rows. */
    int[] ints(String name) {
        int[] all = ints.get(name);
        if (all == null) {
            throw lacks(name);
        }
        return all;
    }

    /** All integer inputs, put together here: steps run on several threads. */
    private void gather() {
        batch.getFirst().inputs().forEach((name, first) -> {
            if (first.dtype() != DType.I32) {
                return;
            }
            int total = 0;
            for (Segment s : batch) {
                total += (int) input(s, name).size();
            }
            int[] all = new int[total];
            int at = 0;
            for (Segment s : batch) {
                Tensor t = input(s, name);
                int size = (int) t.size();
                MemorySegment.copy(t.data(), ValueLayout.JAVA_INT_UNALIGNED, 0, all, at, size);
                at += size;
            }
            ints.put(name, all);
        });
    }

    private static IllegalArgumentException lacks(String name) {
        return new IllegalArgumentException("the batch lacks '" + name + "', which the model reads");
    }

    static Tensor input(Segment s, String name) {
        Tensor t = s.inputs().get(name);
        if (t == null) {
            throw lacks(name);
        }
        return t;
    }

    MemorySegment scratch(int worker) {
        return scratch[worker];
    }

    /** Each thread's own memory: what kernels ask for first, then so many floats. */
    void needScratch(long floats) {
        if (floats > scratchFloats) {
            scratchFloats = floats;
            scratchArena.close();
            scratchArena = new WeightArena();
            for (int i = 0; i < threads; i++) {
                scratch[i] = scratchArena.allocate(4 * floats, 64);
            }
        }
    }

    /** Memory that all threads share within a step or a few that follow each other. */
    MemorySegment shared(long floats) {
        if (shared.byteSize() < 4 * floats) {
            sharedArena.close();
            sharedArena = new WeightArena();
            shared = sharedArena.allocate(4 * floats, 64);
        }
        return shared;
    }

    /** Where a step's own scratch begins. */
    long own() {
        return (kernels.dense().scratchFloats() + 15) / 16 * 16;
    }

    @Override
    public void close() {
        arena.close();
        scratchArena.close();
        sharedArena.close();
        wideArena.close();
    }
}
