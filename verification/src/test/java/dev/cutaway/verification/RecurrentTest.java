package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.look.Explanation;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Config;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.Session;
import dev.cutaway.model.Slice;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Backward;
import dev.cutaway.train.Differentiation;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Planned;
import dev.cutaway.train.Trained;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The recurrent encoder-decoder against PyTorch's LSTM ({@code recurrent/make.py}), and the laws that hold of every model. */
class RecurrentTest {
    private static final Path FOLDER = GoldenTest.root().resolveSibling("recurrent");
    private static final int PAIRS = 4;

    private static Model model() {
        return Model.open(FOLDER.resolve("model").toString());
    }

    private static Checkpoint expected() {
        return Checkpoint.open(FOLDER.resolve("expected.safetensors"));
    }

    private static int[] ints(Checkpoint c, String name) {
        Tensor t = c.require(name);
        int[] out = new int[(int) t.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = t.getInt(i);
        }
        return out;
    }

    private static int[] tokens(int seed, int n) {
        return new Random(seed).ints(n, 3, 61).toArray();
    }

    private static void close(String name, float[] got, float[] want, double tolerance) {
        assertThat(got).as(name).hasSameSizeAs(want);
        for (int i = 0; i < got.length; i++) {
            assertThat((double) got[i]).as("%s, element %d", name, i).isCloseTo(want[i], within(tolerance));
        }
    }

    @Test
    void whatIsInsideIsPyTorchs() {
        try (Model m = model();
                Checkpoint e = expected();
                Session s = m.session()) {
            for (int i = 0; i < PAIRS; i++) {
                String of = i + ".";
                s.source(ints(e, of + "source"));
                float[] last = s.append(ints(e, of + "target")).clone();
                Look look = s.look();
                for (String name : e.names()) {
                    String own = name.startsWith(of) ? name.substring(2) : "";
                    if (look.has(own)) {
                        close(name, look.value(own).toFloats(), e.require(name).toFloats(), 2e-6);
                    }
                }
                float[] logits = e.require(of + "logits").toFloats();
                close("run", last, Arrays.copyOfRange(logits, logits.length - last.length, logits.length), 2e-6);
                float[] cells = look.value("decoder.blocks.0.lstm.hook_cell").toFloats();
                float[] cell = e.require(of + "last_cell").toFloats();
                close("cell", Arrays.copyOfRange(cells, cells.length - cell.length, cells.length), cell, 2e-6);
            }
        }
    }

    private static List<Example> batch(Checkpoint e) {
        return IntStream.range(0, PAIRS)
                .mapToObj(i -> Example.pair(ints(e, i + ".source"), ints(e, i + ".target"), ints(e, i + ".labels")))
                .toList();
    }

    private static void gradients(String how, Checkpoint e, Differentiation.Result r) {
        assertThat(r.loss()).as(how).isCloseTo(e.require("loss").get(0), within(2e-6));
        int seen = 0;
        for (var g : r.gradients().entrySet()) {
            String name = "grad." + g.getKey().source().name();
            Tensor want = e.require(name);
            float most = 0;
            for (float x : want.toFloats()) {
                most = Math.max(most, Math.abs(x));
            }
            assertThat(most).as(name).isPositive();
            close(how + ", " + name, g.getValue().toFloats(), want.toFloats(), 1e-5 * Math.max(most, 0.01));
            seen++;
        }
        assertThat(seen)
                .isEqualTo(e.names().stream().filter(n -> n.startsWith("grad.")).count());
    }

    @Test
    void lossAndGradientsArePyTorchs() {
        try (Model m = model();
                Checkpoint e = expected();
                Pool one = new Pool(1);
                Pool two = new Pool(2)) {
            Objective o = Objective.crossEntropy(m.graph(), "logits", 0.1);
            Trained w = Trained.copyOf(m.graph(), m::weight);
            List<Example> batch = batch(e);
            gradients("by the definition", e, new Backward(o, w).of(batch));
            try (Planned planned = new Planned(o, w, two, false);
                    Planned alone = new Planned(o, w, one, false);
                    Planned again = new Planned(o, w, two, true);
                    Planned only = Planned.lossOnly(o, w, two)) {
                Differentiation.Result r = planned.of(batch);
                gradients("planned", e, r);
                gradients("planned, in pieces", e, planned.of(batch, 3));
                assertThat(only.of(batch).loss()).isEqualTo(r.loss());
                Differentiation.Result same = planned.of(batch);
                Differentiation.Result threads = alone.of(batch);
                Differentiation.Result recomputed = again.of(batch);
                assertThat(again.rowFloats()).isLessThan(planned.rowFloats());
                same.gradients().forEach((p, g) -> {
                    float[] bits = g.toFloats();
                    for (Differentiation.Result other : List.of(threads, recomputed)) {
                        Tensor t = Objects.requireNonNull(other.gradients().get(p));
                        assertThat(t.toFloats()).as(p.source().name()).isEqualTo(bits);
                    }
                });
            }
        }
    }

    /** Widths that are no multiple of anything, and more sequences than a chunk takes, of which some stop early. */
    @Test
    void manySequencesArePlannedAsTheyAreDefined() {
        Map<String, Object> fields = Map.of(
                "model_type",
                "gnmt",
                "d_model",
                38,
                "attention_size",
                21,
                "vocab_size",
                61,
                "max_position_embeddings",
                64);
        try (Blueprint b = Blueprint.of(new Config("config.json", fields));
                Pool pool = new Pool(2)) {
            Objective o = Objective.crossEntropy(b.graph(), "logits", 0);
            Trained w = Trained.copyOf(b.graph(), p -> b.weight(p, 3));
            List<Example> batch = IntStream.range(0, 75)
                    .mapToObj(i -> Example.pair(
                            tokens(i, 1 + i * 7 % 12), tokens(100 + i, 1 + i % 9), tokens(200 + i, 1 + i % 9)))
                    .toList();
            Differentiation.Result want = new Backward(o, w).of(batch);
            try (Planned planned = new Planned(o, w, pool, false)) {
                Differentiation.Result got = planned.of(batch);
                assertThat(got.loss()).isCloseTo(want.loss(), within(1e-5));
                assertThat(got.gradients()).hasSameSizeAs(want.gradients()).hasSize(20);
                want.gradients().forEach((p, g) -> {
                    float[] x = g.toFloats();
                    float most = 0;
                    for (float v : x) {
                        most = Math.max(most, Math.abs(v));
                    }
                    Tensor mine = Objects.requireNonNull(got.gradients().get(p));
                    close(p.source().name(), mine.toFloats(), x, 2e-5 * Math.max(most, 1e-3));
                });
            }
        }
    }

    @Test
    void cachedIsUncachedBitForBit() {
        for (DType cache : List.of(DType.F32, DType.F16)) {
            try (Model m = Model.open(
                            FOLDER.resolve("model").toString(),
                            OpenOptions.defaults().withCache(cache));
                    Session whole = m.session();
                    Session cached = m.session()) {
                int[] t = tokens(1, 33);
                whole.source(tokens(2, 9));
                cached.source(tokens(2, 9));
                float[] expected = whole.append(t).clone();
                for (int id : t) {
                    cached.append(id);
                }
                assertThat(cached.logits()).isEqualTo(expected);
                cached.truncate(12);
                try (Session fork = cached.fork()) {
                    fork.append(5, 6);
                    cached.append(Arrays.copyOfRange(t, 12, 20));
                    assertThat(cached.append(Arrays.copyOfRange(t, 20, 33))).isEqualTo(expected);
                    assertThat(fork.append(7)).isNotEqualTo(expected);
                }
            }
        }
    }

    @Test
    void sequencesThatShareAStepAreEachAsIfAlone() {
        try (Model m = model()) {
            List<Session> together = new ArrayList<>();
            List<int[]> prompts = new ArrayList<>();
            List<int[]> next = new ArrayList<>();
            for (int i = 0; i < 19; i++) {
                Session s = m.session();
                s.source(tokens(i, 1 + i % 7));
                together.add(s);
                prompts.add(tokens(100 + i, 1 + i * 5 % 8));
                next.add(tokens(200 + i, 1 + i % 3));
            }
            Session.appendTogether(together, prompts);
            Session.appendTogether(together, next);
            for (int i = 0; i < 19; i++) {
                try (Session alone = m.session()) {
                    alone.source(tokens(i, 1 + i % 7));
                    alone.append(prompts.get(i));
                    assertThat(together.get(i).logits()).as("sequence %d", i).isEqualTo(alone.append(next.get(i)));
                }
                together.get(i).close();
            }
        }
    }

    @Test
    void theDecoderSeesNothingThatComesLater() {
        try (Model m = model();
                Session a = m.session();
                Session b = m.session()) {
            int[] t = tokens(3, 10);
            int[] u = t.clone();
            u[6] = u[6] == 3 ? 4 : 3;
            a.source(tokens(4, 5));
            b.source(tokens(4, 5));
            a.append(t);
            b.append(u);
            for (TensorInfo info : a.look().list()) {
                if (!info.name().startsWith("decoder.") || info.dims().size() != 3) {
                    continue;
                }
                float[] x = a.look().value(info.name()).toFloats();
                float[] y = b.look().value(info.name()).toFloats();
                int width = x.length / 10;
                if (!info.dims().get(1).equals("position")) {
                    continue;
                }
                assertThat(Arrays.copyOf(y, 6 * width)).as(info.name()).isEqualTo(Arrays.copyOf(x, 6 * width));
                assertThat(Arrays.copyOfRange(y, 6 * width, 10 * width))
                        .as(info.name())
                        .isNotEqualTo(Arrays.copyOfRange(x, 6 * width, 10 * width));
            }
        }
    }

    @Test
    void aPartOfTheRowsIsLookedAtAsTheWhole() {
        try (Model m = model();
                Session s = m.session()) {
            s.source(tokens(5, 6));
            s.append(tokens(6, 12));
            for (String name : List.of(
                    "logits",
                    "decoder.blocks.0.lstm.hook_cell",
                    "decoder.blocks.2.hook_resid_post",
                    "decoder.blocks.0.hook_context")) {
                float[] whole = s.look().value(name).toFloats();
                int width = whole.length / 12;
                float[] part = s.look().value(name, 7, 10).toFloats();
                close(name, part, Arrays.copyOfRange(whole, 7 * width, 10 * width), 1e-6);
            }
        }
    }

    @Test
    void anInterventionReachesWhatComesLater() {
        try (Model m = model();
                Session s = m.session()) {
            s.source(tokens(5, 6));
            s.append(tokens(6, 8));
            Look look = s.look();
            Look without = look.ablate(Slice.parse("decoder.hook_embed[:,2]"));
            float[] a = look.value("logits").toFloats();
            float[] b = without.value("logits").toFloats();
            int width = a.length / 8;
            for (int row = 0; row < 8; row++) {
                float most = 0;
                for (int i = row * width; i < (row + 1) * width; i++) {
                    most = Math.max(most, Math.abs(a[i] - b[i]));
                }
                assertThat(most < 1e-5).as("row %d: %s", row, most).isEqualTo(row < 2);
            }
        }
    }

    @Test
    void everyNumberIsExplained() {
        Random random = new Random(8);
        try (Model m = model();
                Session s = m.session()) {
            s.source(tokens(7, 5));
            s.append(tokens(8, 6));
            Look look = s.look();
            for (TensorInfo t : look.list()) {
                if (t.name().equals("tokens") || t.name().startsWith("derived.")) {
                    continue;
                }
                assertThat(t.meaning()).as(t.name()).isNotEmpty();
                for (int again = 0; again < 3; again++) {
                    long[] index = t.sizes().stream()
                            .mapToLong(n -> random.nextInt(n.intValue()))
                            .toArray();
                    Explanation e = look.explain(t.name(), index);
                    assertThat(e.difference())
                            .as(t.name() + Arrays.toString(index))
                            .isLessThan(1e-5);
                }
            }
            Explanation cell = look.explain("decoder.blocks.1.lstm.hook_cell", 0, 3, 4);
            assertThat(cell.sum()).isTrue();
            assertThat(cell.terms()).hasSize(2);
            assertThat(cell.terms().stream().flatMap(x -> x.factors().stream()).map(f -> f.name() + f.index()))
                    .contains(
                            "decoder.blocks.1.lstm.hook_forget_gate[0, 3, 4]",
                            "decoder.blocks.1.lstm.hook_cell[0, 2, 4]",
                            "decoder.blocks.1.lstm.hook_candidate[0, 3, 4]");
        }
    }
}
