package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.model.Model;
import dev.cutaway.model.lora.Lora;
import dev.cutaway.model.lora.LoraConfig;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Terms of the loss against torch.nn.functional's kl_div, mse_loss and cross_entropy in float64; subsets of weights. */
class ObjectiveTest {
    private static final float NAN = Float.NaN;
    private static final Parameter WEIGHT =
            new Parameter(WeightSource.whole("w.weight"), List.of(Dim.of("class", 4), Dim.of("width", 2)));

    private static Graph graph() {
        GraphBuilder g = new GraphBuilder();
        var x = g.input("x", Type.real(Dim.of(Space.ROWS), Dim.of("width", 2)));
        g.name("logits", g.add(new Linear(), x, g.add(WEIGHT)));
        return g.build();
    }

    /** Three rows, of which the last does not count for the target. */
    private static Example example() {
        Map<String, Tensor> in = Map.of("x", Tensor.of(new float[] {1, 2, 0, -1, 0.5f, 0.5f}, 3, 2));
        float[] target = {1, 0, -1, 2, 0, 0.5f, 0.5f, 0, NAN, 0, 0, 0};
        return new Example(in, Binding.rows(3, 3), Map.of("labels", new int[] {1, -100, 3}), Map.of("target", target));
    }

    private static void check(List<Objective.Part> parts, double loss, double... gradient) {
        Objective o = Objective.of(graph(), parts, p -> true);
        Tensor w = Tensor.of(new float[] {0.1f, 0.2f, -0.3f, 0.4f, 0.5f, -0.6f, 0.7f, 0.1f}, 4, 2);
        Differentiation.Result r = new Backward(o, Trained.copyOf(graph(), p -> w)).of(List.of(example()));
        assertThat(r.loss()).isCloseTo(loss, within(1e-6));
        Tensor d = Objects.requireNonNull(r.gradients().get(WEIGHT));
        for (int i = 0; i < gradient.length; i++) {
            assertThat((double) d.get(i)).isCloseTo(gradient[i], within(1e-6));
        }
    }

    @Test
    void aTeacherIsFollowedAsPyTorchDoes() {
        check(
                List.of(Objective.Part.teacher("logits", "target", 1, 2)),
                0.1412347845598955,
                -0.010767438942295648,
                -0.027446647999536028,
                0.09783180848585465,
                0.2733231343607978,
                0.04402877611346967,
                0.033748523412442666,
                -0.13109314565702862,
                -0.2796250097737043);
    }

    @Test
    void numbersAreComparedAsPyTorchDoes() {
        check(
                List.of(Objective.Part.numbers("logits", "target", 1)),
                0.33375000000000005,
                -0.125,
                -0.2,
                0.125,
                0.475,
                0.07500000000000001,
                0.12500000000000003,
                -0.275,
                -0.525);
    }

    @Test
    void termsAreAddedByTheirFactors() {
        Objective.Part labels = new Objective.Part("logits", "labels", 0).times(0.25);
        check(
                List.of(Objective.Part.teacher("logits", "target", 0.5, 2), labels),
                0.3795365430884909,
                0.043166954225645496,
                0.06778262964175816,
                -0.02901751999647128,
                -0.03331657711426687,
                0.04470875609920677,
                0.049494569319993076,
                -0.05885819032838095,
                -0.08396062184748429);
    }

    @Test
    void impossibleTermsAreNamed() {
        assertThatThrownBy(() -> Objective.Part.teacher("logits", "t", 1, 0))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("temperature is 0.0");
        assertThatThrownBy(() -> Objective.Part.numbers("logits", "t", -1)).hasMessageContaining("-1.0");
    }

    /** Only the adapter changes; the model's weights are read where they are. */
    @Test
    void anAdapterIsTrainedOverFrozenWeights() {
        Path root = Path.of(System.getProperty("cutaway.root"), "verification/golden");
        for (String file : List.of("models/llama", "models/gpt2")) {
            try (Model m = Model.open(root.resolve(file))) {
                Lora lora = Lora.fresh(m.graph(), LoraConfig.of(4, 8, new LoraConfig.Targets.AllLinear()));
                Objective objective = Objective.of(
                        lora.graph(), List.of(new Objective.Part("logits", Objective.LABELS, 0)), Lora::adapts);
                Trained weights = Trained.copyOf(lora.graph(), p -> lora.initial(p, 1, m::weight), Lora::adapts);
                assertThat(weights.parameters()).isNotEmpty().allMatch(Lora::adapts);
                Parameter frozen = m.graph().nodes().stream()
                        .filter(n -> n.op() instanceof Parameter p && p.source().whole())
                        .map(n -> (Parameter) n.op())
                        .findFirst()
                        .orElseThrow();
                assertThat(weights.weight(frozen).data().address())
                        .isEqualTo(m.weight(frozen).data().address());
                Trainer t = new Trainer(
                        new Backward(objective, weights),
                        weights,
                        Optimizer.AdamW.defaults(),
                        Schedule.constant(),
                        3e-2,
                        1,
                        Trainer.MATRICES);
                List<Example> batch = List.of(Example.nextToken(new int[] {5, 9, 3, 17, 8, 30}));
                double first = t.step(batch).loss();
                double last = first;
                for (int i = 0; i < 15; i++) {
                    last = t.step(batch).loss();
                }
                assertThat(last).as(file).isLessThan(0.8 * first);
            }
        }
    }
}
