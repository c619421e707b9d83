package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.ReadRows;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Model;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rows that nobody reads are left out of plans; what they give is what the whole graph's definition gives. */
class ReadRowsTest {
    private static final int[] IDS = {5, 9, 14, 3, 8, 2, 7};

    private static List<Example> batch(Model m, String name) {
        SplittableRandom r = new SplittableRandom(3);
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            if (name.startsWith("bert")) {
                int n = 3 + i;
                int[] positions = IntStream.range(0, n).toArray();
                out.add(Example.encoder(Arrays.copyOf(IDS, n), new int[n], positions, new int[] {i % 2}));
                continue;
            }
            int channels = m.config().positive("num_channels", 3);
            float[] pixels = new float[channels * 20 * 20];
            for (int k = 0; k < pixels.length; k++) {
                pixels[k] = (float) r.nextGaussian();
            }
            out.add(Example.image(m.patches(Tensor.of(pixels, channels, 20, 20)), i % 3));
        }
        return Dropouts.seeded(out, 5, 3);
    }

    @Test
    void lossAndGradientsAreThoseOfAllRows() {
        for (String name : List.of("vit-classes", "deit-classes", "bert-classes")) {
            for (double dropout : new double[] {0, 0.3}) {
                for (boolean recompute : new boolean[] {false, true}) {
                    try (Model m = PlannedTest.model(name);
                            Pool pool = new Pool(2)) {
                        Graph g = Dropouts.in(m.graph(), dropout);
                        Objective o = Objective.crossEntropy(g, "logits", 0.1);
                        Trained w = Trained.copyOf(g, m::weight);
                        agree(name, o, w, pool, recompute, batch(m, name));
                    }
                }
            }
        }
    }

    private static void agree(String name, Objective o, Trained w, Pool pool, boolean recompute, List<Example> batch) {
        Differentiation.Result want = new Backward(o, w).of(batch);
        try (Planned p = new Planned(o, w, pool, recompute)) {
            Differentiation.Result got = p.of(batch);
            assertThat(got.loss()).as(name).isCloseTo(want.loss(), within(1e-5));
            assertThat(got.gradients().keySet())
                    .isEqualTo(want.gradients().keySet())
                    .isNotEmpty();
            got.gradients().forEach((q, t) -> {
                float[] a = t.toFloats();
                float[] b = Objects.requireNonNull(want.gradients().get(q)).toFloats();
                for (int i = 0; i < a.length; i++) {
                    assertThat(a[i]).as("%s %s", name, q.source()).isCloseTo(b[i], within(1e-5f));
                }
            });
            int[] counted = Backward.counted(o, batch);
            Differentiation.Measured measured = p.measure(batch, counted);
            assertThat(measured.loss()).as(name).isCloseTo(want.loss(), within(1e-5));
            assertThat(measured.right())
                    .isEqualTo(new Backward(o, w).measure(batch, counted).right());
        }
    }

    /** Hidden words here and there, in a sequence none, and what follows beside them; answers behind questions. */
    @Test
    void countedRowsGiveWhatAllRowsGive() {
        SplittableRandom r = new SplittableRandom(6);
        for (String name : List.of("bert-masked-word", "bert-pretraining", "gpt2", "llama")) {
            List<Example> batch = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int n = 4 + 3 * i;
                int[] ids = r.ints(n, 3, 30).toArray();
                int[] labels = new int[n];
                for (int k = 0; k < n; k++) {
                    boolean counts = i != 2 && (k == i || r.nextInt(5) == 0);
                    labels[k] = counts ? r.nextInt(30) : Objective.NOT_COUNTED;
                }
                int[] positions = IntStream.range(0, n).toArray();
                Example e = Example.encoder(ids, new int[n], positions, labels);
                batch.add(name.equals("bert-pretraining") ? e.with("next_sentence_label", i % 2) : e);
            }
            List<Objective.Part> parts = new ArrayList<>(List.of(new Objective.Part("logits", Objective.LABELS, 0.1)));
            if (name.equals("bert-pretraining")) {
                parts.add(new Objective.Part("nsp_logits", "next_sentence_label", 0));
            }
            for (double dropout : new double[] {0, 0.3}) {
                for (boolean recompute : new boolean[] {false, true}) {
                    try (Model m = PlannedTest.model(name);
                            Pool pool = new Pool(2)) {
                        Graph g = Dropouts.in(m.graph(), dropout);
                        Trained w = Trained.copyOf(g, m::weight);
                        Objective o = Objective.of(g, parts, p -> true).ofFewRows();
                        agree(name, o, w, pool, recompute, Dropouts.seeded(batch, 5, 3));
                    }
                }
            }
        }
    }

    @Test
    void ofTheLastBlockOnlyKeysAndValuesAreComputedWhereWordsAreHidden() {
        try (Model m = PlannedTest.model("bert-pretraining")) {
            List<Objective.Part> parts = List.of(
                    new Objective.Part("logits", Objective.LABELS, 0),
                    new Objective.Part("nsp_logits", "next_sentence_label", 0));
            Graph g = Objective.of(m.graph(), parts, p -> true)
                    .ofFewRows()
                    .withoutUnreadRows()
                    .gradients()
                    .graph();
            int last = g.blockInputs().size() - 1;
            List<Node> products = g.nodes().stream()
                    .filter(n -> n.block() == last && (n.op() instanceof Linear || n.op() instanceof HeadsOut))
                    .toList();
            assertThat(products.stream().filter(n -> rowsOf(n, Space.ROWS))).hasSize(2);
            assertThat(products.stream().filter(n -> rowsOf(n, Space.COUNTED))).hasSize(4);
            assertThat(products.stream().filter(n -> rowsOf(n, Space.SEQUENCES)))
                    .hasSize(4);
        }
    }

    @Test
    void ofTheLastBlockOnlyKeysAndValuesAreComputedOfAllRows() {
        for (String name : List.of("vit-classes", "deit-classes", "bert-classes")) {
            try (Model m = PlannedTest.model(name)) {
                Graph g = ReadRows.of(m.graph(), List.of(m.graph().require("logits")));
                int last = g.blockInputs().size() - 1;
                List<Node> products = g.nodes().stream()
                        .filter(n -> n.block() == last && (n.op() instanceof Linear || n.op() instanceof HeadsOut))
                        .toList();
                assertThat(products).as(name).hasSize(6);
                assertThat(products.stream().filter(n -> rowsOf(n, Space.ROWS))).hasSize(2);
                assertThat(products.stream().filter(n -> rowsOf(n, Space.SEQUENCES)))
                        .hasSize(4);
                assertThat(g.nodes().stream()
                                .filter(n -> n.block() >= 0 && n.block() < last)
                                .filter(n -> rowsOf(n, Space.SEQUENCES)))
                        .isEmpty();
            }
        }
    }

    /** Where every row is read, or a name asks for all of them, nothing changes. */
    @Test
    void whatIsReadStays() {
        try (Model m = PlannedTest.model("gpt2")) {
            assertThat(ReadRows.of(m.graph(), List.of(m.graph().require("logits"))))
                    .isSameAs(m.graph());
        }
        try (Model m = PlannedTest.model("vit-classes")) {
            Graph g = m.graph();
            String last = "blocks." + (g.blockInputs().size() - 1) + ".hook_resid_post";
            assertThat(ReadRows.of(g, List.of(g.require("logits"))).named(last)).isEmpty();
            Graph whole = ReadRows.of(g, List.of(g.require("logits"), g.require(last)));
            assertThat(whole.require(last).type()).isEqualTo(g.require(last).type());
        }
    }

    private static boolean rowsOf(Node n, Space s) {
        return n.out().getFirst().rank() > 0
                && n.out().getFirst().dim(0) instanceof Dim.Rows(Space own)
                && own.equals(s);
    }
}
