package dev.cutaway.model.lora;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.model.Model;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.TensorEntry;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.RowKernels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/** A model's checkpoint whose weights have adapters added: {@code W + scale B A}, computed in float32 when a weight is asked for. */
public final class Merging implements Checkpoint {
    private final Checkpoint base;
    private final Map<String, List<Sum>> sums;
    private final Map<String, AdaptedCheckpoint.Place> kept;

    /** What is added to one tensor. */
    private record Sum(AdaptedCheckpoint.Place a, AdaptedCheckpoint.Place b, double scale, boolean transposed) {}

    private Merging(Checkpoint base, Map<String, List<Sum>> sums, Map<String, AdaptedCheckpoint.Place> kept) {
        this.base = base;
        this.sums = sums;
        this.kept = kept;
    }

    /**
     * What adapters make of a model's weights.
     *
     * @param model opened without adapters
     * @return gives its checkpoint, however often it is opened, the merged weights; the adapters must stay open
     * @throws UsageException if a weight that the adapters keep has no place in the model
     */
    public static java.util.function.UnaryOperator<Checkpoint> of(Model model, List<Lora.Given> adapters) {
        Lora lora = Lora.of(model.graph(), adapters, model.basePrefix());
        Map<String, List<Sum>> sums = new HashMap<>();
        for (Lora.Applied p : lora.applied()) {
            Parameter w = p.matrix();
            if (!p.module().equals(Lora.Modules.module(w))) {
                throw new UsageException("convert --adapter: " + p.module() + " is the model's embedding "
                        + w.source().name() + ", which would change with it; it cannot be merged");
            }
            List<Sum> list = sums.computeIfAbsent(name(model, w.source().name()), k -> new ArrayList<>());
            Sum s = new Sum(
                    lora.place(p.a()), lora.place(p.b()), p.scale(), w.source().transposed());
            if (!list.contains(s)) { // of a matrix that the graph cuts, each part says the same
                list.add(s);
            }
        }
        Map<String, AdaptedCheckpoint.Place> kept = new HashMap<>();
        lora.originals().forEach((own, original) -> {
            String module = Lora.Modules.module(original);
            if (!own.source().name().startsWith(module + ".modules_to_save.")) {
                throw new UsageException(
                        "convert --adapter: the adapter keeps a head of its own, but the model's is its" + " embedding "
                                + original.source().name() + "; it cannot be merged");
            }
            kept.put(
                    name(model, original.source().name()),
                    lora.place(own.source().name()));
        });
        return c -> new Merging(c, sums, kept);
    }

    private static String name(Model model, String name) {
        return model.tensorName(name).orElse(name);
    }

    @Override
    public Optional<Tensor> tensor(String name) {
        AdaptedCheckpoint.Place own = kept.get(name);
        if (own != null) {
            return own.file().tensor(own.key());
        }
        List<Sum> added = sums.get(name);
        return added == null ? base.tensor(name) : base.tensor(name).map(w -> merged(w, added));
    }

    private static Tensor merged(Tensor weight, List<Sum> added) {
        Tensor sum = Tensor.of(weight.toFloats(), weight.shape());
        RowKernels rows = Kernels.get().rows();
        for (Sum s : added) {
            Tensor a = s.a.file().require(s.a.key()).widen(); // [rank, in]
            Tensor b = s.b.file().require(s.b.key()).widen(); // [out, rank]
            Tensor left = s.transposed ? a : b;
            Tensor right = s.transposed ? b : a;
            long width = sum.dim(1);
            int rank = (int) a.dim(0);
            Tensor each = s.transposed ? turned(right) : right; // [rank, width]
            for (long r = 0; r < sum.dim(0); r++) {
                for (long k = 0; k < rank; k++) {
                    float f = s.transposed ? left.get(k * left.dim(1) + r) : left.get(r * rank + k);
                    rows.addScaled((float) (s.scale * f), each.data(), k * width, sum.data(), r * width, width);
                }
            }
        }
        return sum;
    }

    private static Tensor turned(Tensor x) {
        Tensor y = Tensor.zeros(x.dim(1), x.dim(0));
        for (long r = 0; r < x.dim(0); r++) {
            for (long c = 0; c < x.dim(1); c++) {
                y.set(c * x.dim(0) + r, x.get(r * x.dim(1) + c));
            }
        }
        return y;
    }

    @Override
    public SequencedSet<String> names() {
        return base.names();
    }

    @Override
    public Optional<TensorEntry> entry(String name) {
        return base.entry(name);
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
    public Path file(String name) {
        return base.file(name);
    }

    @Override
    public void close() {
        base.close();
    }
}
