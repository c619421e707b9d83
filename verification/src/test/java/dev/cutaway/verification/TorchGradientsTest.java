package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Backward;
import dev.cutaway.train.Differentiation;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Optimizer;
import dev.cutaway.train.Planned;
import dev.cutaway.train.Schedule;
import dev.cutaway.train.Trained;
import dev.cutaway.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Loss and gradients of whole models against PyTorch's, computed in float64 ({@code golden/make_gradients.py}). */
class TorchGradientsTest {
    /** Largest difference over the gradient's largest value. */
    private static final double TOLERANCE = 3e-5;

    @TestFactory
    List<DynamicTest> lossAndGradients() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        Path folder = GoldenTest.root().resolve("gradients");
        for (JsonNode c : GoldenTest.cases()) {
            String name = c.get("name").asText();
            Path file = folder.resolve(name + ".safetensors");
            if (Files.exists(file)) {
                tests.add(DynamicTest.dynamicTest(name, () -> check(c, file)));
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(tests).hasSize((int) files.count()).hasSizeGreaterThan(10);
        }
        return tests;
    }

    private static void check(JsonNode c, Path file) {
        try (Model model = Model.open(
                        GoldenTest.root().resolve(c.get("model").asText()).toString());
                Checkpoint inputs = Checkpoint.open(
                        GoldenTest.root().resolve(c.get("inputs").asText()));
                Checkpoint expected = Checkpoint.open(file)) {
            double smoothing =
                    Double.parseDouble(String.valueOf(expected.metadata().get("smoothing")));
            Objective objective = Objective.crossEntropy(model.graph(), "logits", smoothing);
            Trained trained = Trained.copyOf(model.graph(), model::weight);
            Backward backward = new Backward(objective, trained);
            List<Example> batch = batch(model, inputs, expected.require("labels"));
            Differentiation.Result r = backward.of(batch);
            double loss = expected.require("loss").get(0);
            assertThat(Math.abs(r.loss() - loss)).as("loss").isLessThan(1e-5 * loss);
            weights(model, expected, r);
            planned(model, expected, objective, trained, batch, loss);
            for (int i = 0; i < batch.size(); i++) {
                probes(expected, backward, batch.get(i), i, new int[] {r.counted()});
            }
            if (expected.names().contains("sgd.losses")) {
                training(model, expected, objective, batch, "adamw");
                training(model, expected, objective, batch, "sgd");
            }
        }
    }

    /** The same by a plan, at once and in parts. */
    private static void planned(
            Model model, Checkpoint expected, Objective objective, Trained weights, List<Example> batch, double loss) {
        for (int pieces : new int[] {1, batch.size()}) {
            try (Pool pool = new Pool(2);
                    Planned planned = new Planned(objective, weights, pool, pieces > 1);
                    Planned lossOnly = Planned.lossOnly(objective, weights, pool)) {
                for (int again = 0; again < 2; again++) {
                    Differentiation.Result r = planned.of(batch, pieces);
                    assertThat(Math.abs(r.loss() - loss)).as("planned loss").isLessThan(1e-5 * loss);
                    weights(model, expected, r);
                }
                double only = lossOnly.of(batch, pieces).loss();
                assertThat(Math.abs(only - loss)).as("loss only").isLessThan(1e-5 * loss);
            }
        }
    }

    /** The first steps of a training run: losses and gradient norms. */
    private static void training(
            Model model, Checkpoint expected, Objective objective, List<Example> batch, String kind) {
        Tensor losses = expected.require(kind + ".losses");
        Tensor norms = expected.require(kind + ".norms");
        boolean adam = kind.equals("adamw");
        Trained weights = Trained.copyOf(model.graph(), model::weight);
        Pool pool = new Pool(2);
        Trainer trainer = new Trainer(
                new Planned(objective, weights, pool, false),
                weights,
                adam ? new Optimizer.AdamW(0.9, 0.999, 1e-8, 0.1) : new Optimizer.Sgd(0.9, 0),
                adam ? new Schedule(Schedule.Shape.COSINE, losses.size(), 2, 0, 0) : Schedule.constant(),
                adam ? 2e-3 : 1e-2,
                adam ? 1 : 0,
                // As the checkpoint keeps it: ViT's class token has three dimensions there.
                p -> model.checkpoint()
                                .require(stored(model, p.source().name()))
                                .rank()
                        > 1);
        for (int i = 0; i < losses.size(); i++) {
            Trainer.Step step = trainer.step(batch);
            assertThat(Math.abs(step.loss() - losses.get(i)))
                    .as("%s, step %d: %s, PyTorch says %s", kind, i + 1, step.loss(), losses.get(i))
                    .isLessThan(1e-4 * losses.get(i));
            assertThat(Math.abs(step.gradientNorm() - norms.get(i)))
                    .as("%s, step %d: norm %s, PyTorch says %s", kind, i + 1, step.gradientNorm(), norms.get(i))
                    .isLessThan(1e-3 * norms.get(i));
        }
        assertThat(losses.get(losses.size() - 1)).isLessThan(losses.get(0));
    }

    /** Gradients of the checkpoint's tensors, put together from those of the graph's parameters. */
    private static void weights(Model model, Checkpoint expected, Differentiation.Result r) {
        Map<String, double[]> got = new HashMap<>();
        r.gradients().forEach((p, g) -> {
            WeightSource s = p.source();
            String name = stored(model, s.name());
            long[] shape = model.checkpoint().require(name).shape();
            double[] sum = got.computeIfAbsent(name, k -> new double[(int) size(shape)]);
            long[] own = p.dims().stream()
                    .mapToLong(d -> ((dev.cutaway.graph.Dim.Size) d).value())
                    .toArray();
            for (int i = 0; i < g.size(); i++) {
                long at = s.whole() ? i : s.sourceElement(index(i, own), shape);
                sum[(int) at] += g.get(i);
            }
        });
        int seen = 0;
        for (String key : expected.names()) {
            if (!key.startsWith("weight.")) {
                continue;
            }
            String name = key.substring(7);
            Tensor want = expected.require(key);
            double[] mine = got.get(name);
            assertThat(mine).as("gradient of %s among %s", name, got.keySet()).isNotNull();
            seen++;
            if (want.size() == mine.length) {
                compare(name, mine, want);
            } else {
                double sum = 0;
                double squares = 0;
                for (double x : mine) {
                    sum += x;
                    squares += x * x;
                }
                double norm = want.get(1);
                double scale = TOLERANCE * (norm + 1e-2);
                assertThat(Math.abs(Math.sqrt(squares) - norm))
                        .as("norm of %s", name)
                        .isLessThan(scale);
                assertThat(Math.abs(sum - want.get(0)))
                        .as("sum of %s", name)
                        .isLessThan(scale * Math.sqrt(mine.length));
            }
        }
        assertThat(seen).isEqualTo(got.size());
    }

    /** Checkpoints name some weights without the base model's prefix. */
    private static String stored(Model model, String name) {
        return model.checkpoint().names().contains(name) ? name : name.substring(name.indexOf('.') + 1);
    }

    /** Gradients of what is inside, by probe name. */
    private static void probes(Checkpoint expected, Backward backward, Example e, int sequence, int[] counted) {
        List<String> names =
                expected.names().stream().filter(n -> n.startsWith("grad.")).toList();
        Map<String, Tensor> got = backward.look(e, counted, names);
        names.forEach(n -> {
            Tensor want = expected.require(n).row(sequence);
            Tensor mine = got.get(n);
            if (want.size() == mine.size()) { // sequences with padding are left to the weights
                compare(n, doubles(mine), want);
            }
        });
    }

    private static double[] doubles(Tensor t) {
        double[] d = new double[(int) t.size()];
        for (int i = 0; i < d.length; i++) {
            d[i] = t.get(i);
        }
        return d;
    }

    private static void compare(String name, double[] got, Tensor want) {
        double most = 4e-3; // the gradient of a key's bias is 0, and else rounding
        for (int i = 0; i < got.length; i++) {
            most = Math.max(most, Math.abs(want.get(i)));
        }
        for (int i = 0; i < got.length; i++) {
            assertThat(Math.abs(got[i] - want.get(i)))
                    .as("gradient of %s, element %d: %s, PyTorch says %s", name, i, got[i], want.get(i))
                    .isLessThan(TOLERANCE * most);
        }
    }

    private static List<Example> batch(Model model, Checkpoint inputs, Tensor labels) {
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < labels.dim(0); i++) {
            if (model.family() == Family.DECODER && model.readsImages()) {
                Tensor patches = model.patches(inputs.require("pixel_values").row(i));
                int[] words = all(labels.row(i));
                out.add(Example.captioned(
                        patches,
                        all(inputs.require("input_ids").row(i)),
                        java.util.Arrays.copyOfRange(words, (int) patches.dim(0), words.length)));
                continue;
            }
            if (model.family() == Family.VISION) {
                Tensor pixels = inputs.require("pixel_values").row(i);
                out.add(Example.image(model.patches(pixels), labels.getInt(i)));
                continue;
            }
            int[] at = unpadded(inputs, i);
            int[] ids = pick(inputs.require("input_ids").row(i), at);
            int[] own = labels.rank() == 1
                    ? new int[] {labels.getInt(i)}
                    : model.family() == Family.ENCODER_DECODER ? all(labels.row(i)) : pick(labels.row(i), at);
            out.add(
                    switch (model.family()) {
                        case ENCODER_DECODER ->
                            Example.pair(
                                    ids, all(inputs.require("decoder_input_ids").row(i)), own);
                        case ENCODER ->
                            Example.encoder(
                                    ids, pick(inputs.require("token_type_ids").row(i), at), at, own);
                        default -> Example.tokens(ids, own);
                    });
        }
        return out;
    }

    private static int[] unpadded(Checkpoint inputs, int sequence) {
        int n = (int) inputs.require("input_ids").dim(1);
        List<Integer> at = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int k = i;
            if (inputs.tensor("attention_mask")
                    .map(m -> m.getInt((long) sequence * n + k) != 0)
                    .orElse(true)) {
                at.add(i);
            }
        }
        return at.stream().mapToInt(i -> i).toArray();
    }

    private static int[] pick(Tensor t, int[] at) {
        int[] x = new int[at.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = t.getInt(at[i]);
        }
        return x;
    }

    private static int[] all(Tensor t) {
        int[] x = new int[(int) t.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = t.getInt(i);
        }
        return x;
    }

    private static long size(long[] shape) {
        long n = 1;
        for (long d : shape) {
            n *= d;
        }
        return n;
    }

    private static long[] index(long flat, long[] shape) {
        long[] at = new long[shape.length];
        long rest = flat;
        for (int i = at.length - 1; i >= 0; i--) {
            at[i] = rest % shape[i];
            rest /= shape[i];
        }
        return at;
    }
}
