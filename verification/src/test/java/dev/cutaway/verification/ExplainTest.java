package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.graph.look.Explanation;
import dev.cutaway.model.Family;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every number's derivation gives the number again, down to weights and inputs. */
class ExplainTest {
    private static final long SEED = 7;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "llama",
                "gemma3_text",
                "phi3",
                "gpt_neox",
                "bert-pretraining",
                "t5-v1_1",
                "marian",
                "deit-teacher",
                "swin",
                "convnext",
                "captioner"
            })
    void theTermsOfEveryTensorGiveItsNumbers(String name) {
        Random random = new Random(SEED);
        try (Model m = Model.open(
                        GoldenTest.root().resolve("models").resolve(name).toString());
                Session s = m.session()) {
            int[] ids = random.ints(8, 3, 97).toArray();
            if (m.readsImages()) {
                s.image(image(m, random));
            }
            if (m.family() == Family.VISION) {
                // that was all
            } else if (m.family() == Family.ENCODER) {
                s.encode(ids, new int[0], new int[0]);
            } else {
                if (m.family() == Family.ENCODER_DECODER) {
                    s.source(random.ints(6, 3, 97).toArray());
                }
                s.append(ids);
            }
            Look look = s.look();
            for (TensorInfo t : look.list()) {
                if (!t.name().equals("tokens") && !t.name().startsWith("derived.")) {
                    check(look, t, random);
                }
            }
        }
    }

    private static Tensor image(Model m, Random random) {
        ImageSizes sizes = ImageSizes.of(m.config());
        float[] pixels = new float[sizes.channels() * sizes.height() * sizes.width()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextGaussian();
        }
        return Tensor.of(pixels, sizes.channels(), sizes.height(), sizes.width());
    }

    private static void check(Look look, TensorInfo t, Random random) {
        long[] index =
                t.sizes().stream().mapToLong(n -> random.nextInt(n.intValue())).toArray();
        Explanation e = look.explain(t.name(), index);
        if (Float.isInfinite(e.kept())) {
            return; // masked
        }
        double size =
                e.terms().stream().mapToDouble(x -> Math.abs(x.value())).max().orElse(1);
        assertThat(e.difference())
                .as("%s %s (seed %d)", t.name(), e.index(), SEED)
                .isLessThan(1e-5 * Math.max(1, size));
        follow(look, e, 12, random);
    }

    /** Follows one factor after the other; the path must end at a weight or an input. */
    private static void follow(Look look, Explanation e, int steps, Random random) {
        if (e.given() || steps == 0) {
            assertThat(e.words()).isNotBlank();
            return;
        }
        List<Explanation.Factor> factors =
                e.terms().get(random.nextInt(e.terms().size())).factors();
        if (factors.isEmpty()) {
            return; // a constant
        }
        Explanation.Factor f = factors.get(random.nextInt(factors.size()));
        boolean input = f.name().equals("tokens") || f.name().equals("patches");
        if (input || Float.isInfinite(f.value())) {
            return;
        }
        Explanation next = look.explain(
                f.name(), f.index().stream().mapToLong(Long::longValue).toArray());
        assertThat(next.kept()).as("%s %s", f.name(), f.index()).isEqualTo(f.value());
        follow(look, next, steps - 1, random);
    }
}
