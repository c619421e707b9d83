package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A decoder whose words follow an image: what holds of words alone holds behind an image too. */
class CaptionerTest {
    private static final int[] WORDS = {5, 80, 17, 33, 9, 41};

    private static Model model() {
        return Model.open(
                GoldenTest.root().resolve("models").resolve("captioner").toString());
    }

    private static Tensor image(Model m, int seed) {
        ImageSizes s = ImageSizes.of(m.config());
        Random random = new Random(seed);
        float[] pixels = new float[s.channels() * s.height() * s.width()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextGaussian();
        }
        return Tensor.of(pixels, s.channels(), s.height(), s.width());
    }

    @Test
    void cachedIsUncachedBitForBit() {
        try (Model m = model();
                Session whole = m.session();
                Session cached = m.session()) {
            whole.image(image(m, 1));
            float[] expected = whole.append(WORDS).clone();
            cached.image(image(m, 1));
            for (int id : WORDS) {
                cached.append(id);
            }
            assertThat(cached.logits()).isEqualTo(expected);
            assertThat(cached.tokens()).isEqualTo(WORDS);
            assertThat(cached.length()).isEqualTo(9 + WORDS.length);
        }
    }

    @Test
    void eachImageGivesItsOwnWordsAndNoneOthers() {
        try (Model m = model();
                Session one = m.session();
                Session two = m.session();
                Session none = m.session()) {
            one.image(image(m, 1));
            float[] first = one.append(WORDS).clone();
            two.image(image(m, 2));
            float[] second = two.append(WORDS).clone();
            float[] alone = none.append(WORDS).clone();
            assertThat(first).isNotEqualTo(second).isNotEqualTo(alone);

            one.reset(); // the image is gone too
            assertThat(one.append(WORDS)).isEqualTo(alone);
            one.image(image(m, 2));
            assertThat(one.append(WORDS)).isEqualTo(second);
        }
    }

    @Test
    void wordsAfterSeveralImagesInOneStepAreThoseOfEach() {
        try (Model m = model();
                Session one = m.session();
                Session two = m.session();
                Session alone = m.session()) {
            one.image(image(m, 1));
            two.image(image(m, 2));
            int[] fewer = Arrays.copyOf(WORDS, 3);
            Session.appendTogether(List.of(one, two), List.of(WORDS, fewer));
            for (int i = 1; i <= 2; i++) {
                alone.image(image(m, i));
                float[] expected = alone.append(i == 1 ? WORDS : fewer);
                assertThat((i == 1 ? one : two).logits()).isEqualTo(expected);
            }
        }
    }

    @Test
    void anotherBeginningKeepsTheImage() {
        try (Model m = model();
                Session s = m.session();
                Session fresh = m.session()) {
            s.image(image(m, 1));
            int[] caption = s.generate(WORDS, GenerateOptions.greedy(8).withIgnoreEnd(true))
                    .ids();
            int[] other = {5, 80, 3};
            s.set(other);
            fresh.image(image(m, 1));
            assertThat(s.logits()).isEqualTo(fresh.append(other));
            assertThat(s.generate(WORDS, GenerateOptions.greedy(8).withIgnoreEnd(true))
                            .ids())
                    .isEqualTo(caption);
            try (Session fork = s.fork()) {
                fork.append(7);
                assertThat(fork.look()
                                .value("logits", fork.length() - 1, fork.length())
                                .size())
                        .isEqualTo(97);
                assertThatThrownBy(() -> fork.truncate(3)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void anInterventionOnAPatchIsSeenInTheWords() {
        try (Model m = model();
                Session s = m.session()) {
            s.image(image(m, 1));
            float[] before = s.append(WORDS).clone();
            var look = s.look().ablate(dev.cutaway.model.Slice.parse("blocks.1.hook_resid_pre[:,4]"));
            try (Session without = s.fork(look)) {
                float[] changed =
                        look.value("logits", s.length() - 1, s.length()).toFloats();
                assertThat(changed).isNotEqualTo(before);
                for (int i = 0; i < changed.length; i++) {
                    assertThat(without.logits()[i])
                            .isCloseTo(changed[i], org.assertj.core.api.Assertions.within(1e-4f));
                }
            }
        }
    }

    @Test
    void whatReadsNoImageSaysSo() {
        try (Model gpt2 = Model.open(
                        GoldenTest.root().resolve("models").resolve("gpt2").toString());
                Model m = model();
                Session s = gpt2.session();
                Session own = m.session()) {
            assertThatThrownBy(() -> s.image(image(m, 1)))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("reads no images");
            assertThatThrownBy(() -> own.image(Tensor.zeros(3, 12, 14)))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("3 x 12 x 15");
            assertThatThrownBy(() -> own.images(List.of(image(m, 1)), "logits")).isInstanceOf(BadInputException.class);
        }
    }
}
