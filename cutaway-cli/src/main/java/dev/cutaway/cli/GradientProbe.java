package dev.cutaway.cli;

import dev.cutaway.graph.Gradients;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Backward;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Trained;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Gradients of a loss with respect to what is inside, {@code grad.} and a probe name: the loss is the mean cross-entropy of the
 * batch's counted rows, as {@code train} has it. Computed by the definition, in the same graph.
 */
final class GradientProbe {
    private static final String LOSS = "loss";

    private final Backward backward;
    private final List<Example> examples;
    private final int[] counted;

    private GradientProbe(Model model, List<Example> examples) {
        Objective objective = Objective.crossEntropy(model.graph(), "logits", 0);
        this.backward = new Backward(objective, Trained.copyOf(model.graph(), model::weight));
        this.examples = examples;
        try {
            this.counted = Backward.counted(objective, examples);
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    "the loss counts no row: " + e.getMessage() + "; give longer texts, or labels of 0 or more");
        }
    }

    /**
     * Of predicting each token from those before it.
     *
     * @throws UsageException if the model writes no texts
     */
    static GradientProbe nextToken(Model model, List<Sample> samples) {
        if (model.family() != Family.DECODER && model.family() != Family.ENCODER_DECODER) {
            throw new UsageException("--loss next-token is for models that write texts; for " + model
                    + " give labels in a .safetensors file of --inputs");
        }
        List<Example> all = new ArrayList<>();
        for (Sample s : samples) {
            int[] next = Arrays.copyOfRange(s.tokens(), 1, s.tokens().length + 1);
            next[next.length - 1] = Objective.NOT_COUNTED;
            all.add(example(model, s, next));
        }
        return new GradientProbe(model, all);
    }

    /**
     * Of given labels.
     *
     * @param labels of each sample, one for each row of the logits
     */
    static GradientProbe labelled(Model model, List<Sample> samples, List<int[]> labels) {
        List<Example> all = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            all.add(example(model, samples.get(i), labels.get(i)));
        }
        return new GradientProbe(model, all);
    }

    private static Example example(Model model, Sample s, int[] labels) {
        return switch (model.family()) {
            case DECODER ->
                s.pixels().isEmpty()
                        ? Example.tokens(s.tokens(), labels)
                        : Example.captioned(model.patches(s.pixels().getFirst()), s.tokens(), labels);
            case ENCODER -> {
                int[] types = s.types().length == 0 ? new int[s.tokens().length] : s.types();
                yield Example.encoder(s.tokens(), types, s.positions(), labels);
            }
            case ENCODER_DECODER -> Example.pair(s.source(), s.tokens(), labels);
            case VISION -> Example.image(model.patches(s.pixels().getFirst()), labels[0]);
        };
    }

    /** What there is: the loss, and a gradient for each tensor that it depends on. */
    List<TensorInfo> list(List<TensorInfo> forward) {
        List<TensorInfo> all = new ArrayList<>();
        for (TensorInfo i : forward) {
            String name = Gradients.PREFIX + i.name();
            if (backward.has(name)) {
                all.add(new TensorInfo(name, i.dims(), i.sizes(), "gradient of the loss: " + i.meaning()));
            }
        }
        all.add(new TensorInfo(LOSS, List.of("one"), List.of(1L), "mean cross-entropy of the rows that count"));
        return all;
    }

    /** Tensors of one sample, in the shapes that they are listed with. */
    List<Tensor> values(int sample, List<TensorInfo> infos) {
        List<String> names = infos.stream().map(TensorInfo::name).toList();
        Map<String, Tensor> got = backward.look(examples.get(sample), counted, names);
        List<Tensor> out = new ArrayList<>();
        for (TensorInfo i : infos) {
            Tensor t = got.getOrDefault(i.name(), Tensor.zeros(1));
            out.add(t.reshape(i.sizes().stream().mapToLong(Long::longValue).toArray()));
        }
        return out;
    }

    /** What the samples' shares in the loss add up to. */
    static Tensor loss(List<Tensor> shares) {
        double sum = 0;
        for (Tensor t : shares) {
            sum += t.get(0);
        }
        return Tensor.of(new float[] {(float) sum}, 1);
    }

    /** Whether a tensor is the loss, which has no axis of the batch. */
    static boolean isLoss(TensorInfo info) {
        return info.name().equals(LOSS);
    }
}
