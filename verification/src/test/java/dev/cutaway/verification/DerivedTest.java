package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.look.Explanation;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Quantities that are no step of the model agree with those that are. */
class DerivedTest {
    private static final int N = 13;

    private static Model model(String golden) {
        return Model.open(GoldenTest.root().resolve("models").resolve(golden).toString());
    }

    private static Session session(Model m) {
        Session s = m.session();
        s.append(new Random(N).ints(N, 3, 97).toArray());
        return s;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "mistral", "gemma2", "gpt_neox"})
    void scoresBeforeTheMaskAreThoseAfterItWhereNothingIsHidden(String name) {
        try (Model m = model(name);
                Session s = session(m)) {
            Look look = s.look();
            float[] before = look.value("derived.blocks.1.attn_scores_unmasked").toFloats();
            float[] after = look.value("blocks.1.attn.hook_attn_scores").toFloats();
            int hidden = 0;
            for (int i = 0; i < before.length; i++) {
                assertThat(before[i]).isFinite();
                if (Float.isInfinite(after[i])) {
                    hidden++;
                } else {
                    assertThat(before[i]).isEqualTo(after[i]);
                }
            }
            assertThat(hidden).isGreaterThanOrEqualTo(m.sizes().heads() * N * (N - 1) / 2);
            Explanation e = look.explain("derived.blocks.1.attn_scores_unmasked", 0, 1, 2, 7);
            assertThat(e.kept()).isEqualTo(before[(N + 2) * N + 7]);
            assertThat(e.terms()).isNotEmpty();
            assertThat(e.difference()).isLessThan(1e-5);
        }
    }

    @Test
    void aScaledScoreSaysWhatIsScaled() {
        try (Model m = model("llama");
                Session s = session(m)) {
            assertThat(s.look()
                            .explain("blocks.1.attn.hook_attn_scores", 0, 1, 7, 2)
                            .words())
                    .matches("0\\.\\d{1,6} times x, where x is the sum over each component of query times key");
        }
    }

    /** A key's write is what attention adds if the pattern is kept at that key only, less what it adds without any. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void whatAKeySendsIsWhatAttentionWritesFromItAlone(String name) {
        try (Model m = model(name);
                Session s = session(m)) {
            Look look = s.look();
            float[] writes = look.value("derived.blocks.1.attn_write_by_source").toFloats();
            Tensor pattern = look.value("blocks.1.attn.hook_pattern");
            float[] nothing = written(look, new float[(int) pattern.size()], pattern);
            for (int k : new int[] {0, 5, N - 1}) {
                float[] only = new float[(int) pattern.size()];
                for (int i = k; i < only.length; i += N) {
                    only[i] = pattern.get(i);
                }
                float[] from = written(look, only, pattern);
                int width = from.length / N;
                for (int q = 0; q < N; q++) {
                    double squares = 0;
                    for (int i = q * width; i < (q + 1) * width; i++) {
                        squares += Math.pow(from[i] - nothing[i], 2);
                    }
                    assertThat((double) writes[q * N + k])
                            .as("query %d, key %d", q, k)
                            .isCloseTo(Math.sqrt(squares), within(1e-5));
                }
            }
        }
    }

    private static float[] written(Look look, float[] pattern, Tensor like) {
        return look.replace("blocks.1.attn.hook_pattern", Tensor.of(pattern, like.shape()))
                .value("blocks.1.hook_attn_out")
                .toFloats();
    }

    /** In whatever order and pieces they are asked for. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gemma2"})
    void rowsAskedForAloneAreRowsOfTheWhole(String name) {
        try (Model m = model(name);
                Session s = session(m)) {
            Look whole = s.look();
            Look pieces = s.look();
            List<TensorInfo> derived = whole.list().stream()
                    .filter(t -> t.name().startsWith("derived."))
                    .toList();
            assertThat(derived).hasSizeGreaterThan(20);
            for (TensorInfo t : derived.reversed()) {
                int axis = Math.max(1, t.dims().indexOf("query"));
                Tensor all = whole.value(t.name());
                assertThat(all.shape())
                        .as(t.name())
                        .isEqualTo(t.sizes().stream().mapToLong(Long::longValue).toArray());
                for (int[] part : new int[][] {{9, 11}, {3, 4}, {2, 10}}) {
                    float[] expected = all.slice(axis, part[0], part[1]).toFloats();
                    float[] alone = pieces.value(t.name(), part[0], part[1]).toFloats();
                    assertThat(alone).hasSameSizeAs(expected);
                    for (int i = 0; i < alone.length; i++) {
                        assertThat(alone[i]).as(t.name()).isCloseTo(expected[i], within(1e-5f));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2"})
    void headsSumToWhatAttentionAdds(String name) {
        try (Model m = model(name);
                Session s = session(m)) {
            Look look = s.look();
            Tensor heads = look.value("derived.blocks.1.head_logits");
            Tensor all = look.value("derived.blocks.1.attn_logits");
            int count = (int) heads.dim(2);
            for (int p = 0; p < N; p++) {
                double sum = 0;
                for (int h = 0; h < count; h++) {
                    sum += heads.get((long) p * count + h);
                }
                assertThat(sum).isCloseTo(all.get(p), within(1e-5));
            }
        }
    }
}
