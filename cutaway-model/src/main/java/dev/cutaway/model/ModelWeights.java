package dev.cutaway.model;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.graph.run.Weights;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.TensorEntry;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.QuantBlock;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import dev.cutaway.tensor.kernel.WeightArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongUnaryOperator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint's tensors as a graph's parameters: finds them under the names that checkpoints use (with and without the base
 * model's prefix, older names of norms, tied embeddings), checks their shapes, cuts and packs them on first use.
 */
final class ModelWeights implements Weights {
    private final Checkpoint checkpoint;
    private final String basePrefix;
    private final boolean exact;
    private final Map<String, String> found = new ConcurrentHashMap<>();
    private final Map<WeightSource, Tensor> vectors = new ConcurrentHashMap<>();
    private final Map<WeightSource, Packing> packed = new ConcurrentHashMap<>();
    private final Map<Biased, PackedMatrix> biased = new ConcurrentHashMap<>();
    private final Set<WeightSource> multiplied = ConcurrentHashMap.newKeySet();

    private record Biased(WeightSource matrix, WeightSource bias) {}

    private final WeightArena arena = new WeightArena();

    /** @param exact whether quantised weights are widened to float32 before they are packed */
    ModelWeights(Checkpoint checkpoint, String basePrefix, boolean exact) {
        this.checkpoint = checkpoint;
        this.basePrefix = basePrefix;
        this.exact = exact;
    }

    Checkpoint checkpoint() {
        return checkpoint;
    }

    boolean has(String name) {
        return find(name).isPresent();
    }

    /** The name under which the checkpoint keeps a tensor. */
    Optional<String> find(String name) {
        String known = found.get(name);
        if (known != null) {
            return Optional.of(known);
        }
        if (checkpoint.names().contains(name)) {
            found.put(name, name);
            return Optional.of(name);
        }
        Optional<String> first =
                candidates(name).stream().filter(checkpoint.names()::contains).findFirst();
        first.ifPresent(f -> found.put(name, f));
        return first;
    }

    private List<String> candidates(String name) {
        List<String> names = new ArrayList<>(List.of(name));
        switch (name) {
            case "shared.weight" -> names.addAll(List.of("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"));
            case "model.shared.weight" ->
                names.addAll(List.of(
                        "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight"));
            case "cls.predictions.decoder.weight" -> names.add("bert.embeddings.word_embeddings.weight");
            case "cls.predictions.bias" -> names.add("cls.predictions.decoder.bias");
            default -> {}
        }
        for (String n : List.copyOf(names)) {
            if (n.startsWith(basePrefix)) {
                names.add(n.substring(basePrefix.length()));
            } else {
                names.add(basePrefix + n);
            }
        }
        for (String n : List.copyOf(names)) {
            if (n.endsWith("LayerNorm.weight")) {
                names.add(n.substring(0, n.length() - 6) + "gamma");
            } else if (n.endsWith("LayerNorm.bias")) {
                names.add(n.substring(0, n.length() - 4) + "beta");
            }
        }
        return names;
    }

    private String name(WeightSource source) {
        return find(source.name())
                .orElseThrow(
                        () -> new BadInputException(
                                checkpoint.file() + ": tensor " + checkpoint.ownName(source.name())
                                        + " is missing; the file is incomplete or does not belong to this configuration, get both again"));
    }

    /** Checks that a parameter is there and has the right shape; touches no data. */
    void check(Parameter p) {
        String name = name(p.source());
        TensorEntry e = checkpoint.entry(name).orElseThrow();
        long[] shape = e.dims();
        long[] want = shape(p);
        boolean fits = p.source().whole()
                ? size(shape) == size(want) && (shape.length != want.length || Arrays.equals(shape, want))
                : cutFits(p.source(), shape, want);
        if (!fits) {
            throw new BadInputException(checkpoint.file(name) + ": tensor " + checkpoint.ownName(name) + " has shape "
                    + Arrays.toString(shape) + ", but " + Arrays.toString(want)
                    + " of it is needed; weights and configuration do not belong together, get both again");
        }
    }

    private static boolean cutFits(WeightSource s, long[] shape, long[] want) {
        long[] turned = s.transposed() && shape.length == 2 ? new long[] {shape[1], shape[0]} : shape;
        if (turned.length != want.length || turned[0] % s.groups() != 0) {
            return false;
        }
        boolean rows = s.to() < 0 ? turned[0] == want[0] : (long) s.to() * s.groups() <= turned[0];
        return rows && (turned.length < 2 || turned[1] == want[1]);
    }

    private static long[] shape(Parameter p) {
        return p.dims().stream()
                .mapToLong(d -> ((dev.cutaway.graph.Dim.Size) d).value())
                .toArray();
    }

    private static long size(long[] shape) {
        long n = 1;
        for (long d : shape) {
            n *= d;
        }
        return n;
    }

    @Override
    public Tensor tensor(Parameter p) {
        check(p);
        Tensor t = checkpoint.require(name(p.source()));
        return p.source().whole() ? t.reshape(shape(p)) : p.source().cut(t);
    }

    @Override
    public Tensor vector(Parameter p) {
        return vectors.computeIfAbsent(p.source(), s -> tensor(p).widen());
    }

    @Override
    public PackedMatrix packed(Parameter p, Optional<Parameter> bias) {
        PackedMatrix plain =
                packed.computeIfAbsent(p.source(), s -> new Packing()).get(() -> pack(p));
        return bias.map(b -> biased.computeIfAbsent(
                        new Biased(p.source(), b.source()), k -> plain.withBias(Optional.of(vector(b)))))
                .orElse(plain);
    }

    private PackedMatrix pack(Parameter p) {
        check(p);
        boolean asStored = p.source().whole() && p.dims().size() == 2;
        String name = name(p.source());
        Tensor t = asStored ? checkpoint.inFileOrder(name).orElseThrow().reshape(shape(p)) : tensor(p);
        LongUnaryOperator order = asStored ? checkpoint.rowOrder(name) : LongUnaryOperator.identity();
        Tensor matrix = exact && t.dtype().quantised() ? t.widen() : t;
        return PackedMatrix.of(matrix, order, Optional.empty(), arena);
    }

    /** A matrix that one thread packs; the map that holds it would let others wait whose matrices only hash alike. */
    private static final class Packing {
        private volatile @Nullable PackedMatrix made;

        synchronized PackedMatrix get(Supplier<PackedMatrix> maker) {
            PackedMatrix known = made;
            if (known == null) {
                known = maker.get();
                made = known;
            }
            return known;
        }

        Optional<PackedMatrix> ifMade() {
            return Optional.ofNullable(made);
        }
    }

    @Override
    public boolean isPacked(Parameter p) {
        return multiplied.contains(p.source());
    }

    /** Says that a plan will multiply by this matrix. */
    void willMultiply(Parameter p) {
        multiplied.add(p.source());
    }

    /** A matrix that is packed already, without its bias. */
    Optional<PackedMatrix> ifPacked(Parameter p) {
        return Optional.ofNullable(packed.get(p.source())).flatMap(Packing::ifMade);
    }

    /** Bytes of packed memory. */
    long packedBytes() {
        return packed.values().stream()
                .mapToLong(w -> w.ifMade().map(PackedMatrix::byteSize).orElse(0L))
                .sum();
    }

    /** Where a parameter's element lies in the file, and how it is stored. */
    dev.cutaway.graph.look.Given.Place place(Parameter p, long[] index) {
        String name = name(p.source());
        Tensor t = checkpoint.require(name);
        long flat = p.source().whole() ? flat(index, shape(p)) : p.source().sourceElement(index, t.shape());
        return new dev.cutaway.graph.look.Given.Place(name, unravel(flat, t.shape()), detail(name, t, flat));
    }

    /** The element of a checkpoint's tensor by its own index. */
    Optional<Tensor> raw(String name) {
        return find(name).flatMap(checkpoint::tensor);
    }

    String detail(String name, Tensor t, long flat) {
        String file = checkpoint.file(name).getFileName() + "";
        if (t.dtype().quantised()) {
            QuantBlock b = t.describe(flat);
            return String.format(
                    Locale.ROOT,
                    "%s in %s, block %d at byte %d, element %d: %s",
                    t.dtype(),
                    file,
                    b.block(),
                    checkpoint.fileOffset(name) + b.byteOffset(),
                    b.position(),
                    b.detail());
        }
        long at = checkpoint.fileOffset(name) + t.dtype().bytes(1) * flat;
        return String.format(Locale.ROOT, "%s in %s, byte %d", t.dtype(), file, at);
    }

    /** The block of a quantised tensor that holds an element; empty for plain formats, whose elements stand alone. */
    Optional<StoredWeight> stored(String name, Tensor t, long flat) {
        if (!t.dtype().quantised()) {
            return Optional.empty();
        }
        QuantBlock asked = t.describe(flat);
        long first = flat - asked.position();
        List<StoredWeight.Element> elements = new ArrayList<>();
        for (int i = 0; i < t.dtype().blockSize(); i++) {
            QuantBlock b = t.describe(first + i);
            elements.add(new StoredWeight.Element(b.code(), b.scale(), b.offset(), b.value()));
        }
        return Optional.of(new StoredWeight(
                t.dtype().toString(),
                checkpoint.file(name).getFileName() + "",
                checkpoint.fileOffset(name) + asked.byteOffset(),
                t.dtype().blockBytes(),
                asked.block(),
                asked.position(),
                asked.detail(),
                elements));
    }

    static long flat(long[] index, long[] shape) {
        long f = 0;
        for (int i = 0; i < shape.length; i++) {
            f = f * shape[i] + index[i];
        }
        return f;
    }

    private static long[] unravel(long flat, long[] shape) {
        long[] at = new long[shape.length];
        for (int i = at.length - 1; i >= 0; i--) {
            at[i] = flat % shape[i];
            flat /= shape[i];
        }
        return at;
    }

    void close() {
        arena.close();
        checkpoint.close();
    }
}
