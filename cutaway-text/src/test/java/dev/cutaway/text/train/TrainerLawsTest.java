package dev.cutaway.text.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds whatever the text. */
class TrainerLawsTest {
    private static Map<String, Object> size(String kind) {
        return kind.equals("characters") ? Map.of() : Map.of("vocab_size", 1500);
    }

    private static TrainedTokenizer train(String kind, Map<String, ?> options, List<String> texts, int threads) {
        return TokenizerTrainer.of(kind, options).train(texts.iterator(), TokenizerProgress.NONE, threads);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bpe", "wordpiece", "unigram", "sentencepiece-bpe", "words", "characters"})
    void neitherThreadsNorTheOrderOfTextsChangeAnything(String kind) {
        List<String> texts = TrainingTexts.texts();
        byte[] one = train(kind, size(kind), texts, 1).json();
        List<String> shuffled = new ArrayList<>(texts);
        Collections.shuffle(shuffled, new Random(5));
        assertThat(train(kind, size(kind), texts, 3).json()).isEqualTo(one);
        assertThat(train(kind, size(kind), shuffled, 2).json()).isEqualTo(one);
    }

    @Test
    void bytesComeBack() {
        Tokenizer tokenizer = train("bpe", Map.of("vocab_size", 900), TrainingTexts.texts(), 2)
                .tokenizer();
        for (String text : TrainingTexts.heldOut()) {
            assertThat(tokenizer.decode(tokenizer.ids(text, EncodeOptions.TEXT), false))
                    .isEqualTo(text);
        }
    }

    @ParameterizedTest
    @CsvSource({"bpe,257", "bpe,777", "wordpiece,600", "unigram,500", "unigram,900", "sentencepiece-bpe,600", "words,50"
    })
    void theSizeIsWhatWasAskedFor(String kind, int size) {
        TrainedTokenizer trained = train(kind, Map.of("vocab_size", size), TrainingTexts.lines(), 2);
        assertThat(trained.vocabularySize()).isEqualTo(size);
    }

    @Test
    void anExhaustedTextGivesFewer() {
        List<String> texts = List.of("aba aba", "ab");
        assertThat(train("bpe", Map.of("vocab_size", 1000), texts, 2).vocabularySize())
                .isBetween(258, 262);
        assertThat(train("unigram", Map.of("vocab_size", 1000), texts, 2).vocabularySize())
                .isLessThan(20);
    }

    /** Cutting at spaces before the steps must count what the steps count on whole texts. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "bpe",
                "bpe-llama3",
                "bpe-digits",
                "bpe-prefix",
                "wordpiece",
                "unigram",
                "unigram-nmt",
                "characters"
            })
    void chunksCountAsWholeTexts(String name) {
        Map<String, Object> options = new HashMap<>();
        switch (name) {
            case "bpe-llama3" -> options.put("pattern", "llama3");
            case "bpe-digits" -> options.put("individual_digits", true);
            case "bpe-prefix" -> options.put("add_prefix_space", true);
            case "unigram-nmt" -> options.put("normalizer", "nmt_nfkc");
            default -> {}
        }
        TokenizerTrainer trainer = TokenizerTrainer.of(name.split("-", 2)[0], options);
        Frame frame = Frame.of(trainer);
        assertThat(frame.cutsAtSpaces()).isTrue();
        WordCounter chunks = Training.counters(frame).get();
        Frame slow = new Frame(frame.normalizer(), frame.preTokenizer(), frame.decoder(), false);
        WordCounter whole = Training.counters(slow).get();
        for (String text : TrainingTexts.texts()) {
            chunks.add(text);
            whole.add(text);
        }
        String longText = String.join("", TrainingTexts.lines()) + "x".repeat(200_000) + " y" + "z ".repeat(70_000);
        chunks.add(longText);
        whole.add(longText);
        assertThat(counts(chunks)).isEqualTo(counts(whole));
    }

    private static Map<String, Long> counts(WordCounter counter) {
        Map<String, Long> out = new TreeMap<>();
        counter.words().forEach((word, count) -> out.put(word, count[0]));
        return out;
    }

    @Test
    void charactersAreSortedAndOthersRefused() {
        Tokenizer tokenizer = train("characters", Map.of(), List.of("hello\n", "world \uD83D\uDE00\uFB01"), 2)
                .tokenizer();
        assertThat(tokenizer.decode(new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, false))
                .isEqualTo("\n dehlorw\uFB01\uD83D\uDE00");
        assertThat(tokenizer.ids("hello", EncodeOptions.TEXT)).containsExactly(4, 3, 5, 5, 6);
        assertThatThrownBy(() -> tokenizer.ids("x", EncodeOptions.TEXT)).isInstanceOf(BadInputException.class);
    }

    @Test
    void specialTokensStandAroundTexts() {
        Tokenizer bert = train("wordpiece", Map.of("vocab_size", 500), TrainingTexts.lines(), 2)
                .tokenizer();
        int[] pair = bert.encode("a", "b", EncodeOptions.TEXT).ids();
        assertThat(pair).hasSize(5).startsWith(2).endsWith(3);
        assertThat(bert.encode("a", "b", EncodeOptions.TEXT).types()).containsExactly(0, 0, 0, 1, 1);
        Tokenizer unigram = train("unigram", Map.of("vocab_size", 500, "end", "</s>"), TrainingTexts.lines(), 2)
                .tokenizer();
        assertThat(unigram.ids("a", EncodeOptions.TEXT)).endsWith(2).doesNotContain(1);
    }

    @Test
    void filesAreWrittenWholeAndLoad(@TempDir Path folder) throws IOException {
        TrainedTokenizer trained = train("bpe", Map.of("vocab_size", 400), TrainingTexts.lines(), 2);
        trained.writeDirectory(folder.resolve("out"));
        trained.writeDirectory(folder.resolve("out"));
        try (var files = Files.list(folder.resolve("out"))) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder("tokenizer.json", "tokenizer_config.json");
        }
        Tokenizer loaded = Tokenizers.load(folder.resolve("out"));
        assertThat(loaded.special().eos()).hasValue(0);
        assertThat(loaded.special().ends()).containsExactly(0);
        assertThat(loaded.ids("Once upon a time", EncodeOptions.TEXT))
                .isEqualTo(trained.tokenizer().ids("Once upon a time", EncodeOptions.TEXT));
        assertThatThrownBy(() -> trained.writeJson(folder.resolve("missing").resolve("tokenizer.json")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot be written");
    }

    @Test
    void mistakesAreNamed() {
        wrong("bqe", Map.of(), "tokenizer kind bqe is not known; the nearest is bpe");
        wrong("bpe", Map.of("vocabsize", 5), "tokenizer bpe: vocabsize is not an option; the nearest is vocab_size");
        wrong("bpe", Map.of("vocab_size", "many"), "vocab_size is many, expected a whole number from 1 to 16000000");
        wrong("bpe", Map.of("vocab_size", 0), "vocab_size is 0");
        wrong("bpe", Map.of("vocab_size", 100), "less than 256 bytes and 1 special tokens");
        wrong("bpe", Map.of("special_tokens", List.of("a", "a")), "special_tokens has a twice");
        wrong("bpe", Map.of("begin", "<s>"), "begin is <s>, which is not in special_tokens");
        wrong("bpe", Map.of("pattern", "(("), "does not compile");
        wrong("bpe", Map.of("add_prefix_space", true, "pattern", "llama3"), "add_prefix_space goes with pattern gpt2");
        wrong("wordpiece", Map.of("unk_token", "<unk>"), "unk_token is <unk>, which is not in special_tokens");
        wrong("unigram", Map.of("shrinking_factor", 1), "shrinking_factor is 1, expected a number between 0.0 and 1.0");
        wrong("unigram", Map.of("normalizer", "nfkd"), "expected one of nfkc, nmt_nfkc, nfc, none");
        wrong("characters", Map.of("vocab_size", 60), "vocab_size is not an option");
    }

    private static void wrong(String kind, Map<String, ?> options, String message) {
        assertThatThrownBy(() -> TokenizerTrainer.of(kind, options))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    @Test
    void textsThatCannotBeTrainedOn() {
        assertThatThrownBy(() -> train("bpe", Map.of(), List.of(), 2))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no words");
        List<String> letters = List.of("abcdefghijklmnop");
        assertThatThrownBy(() -> train("unigram", Map.of("vocab_size", 10), letters, 2))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("different characters");
        assertThatThrownBy(() -> train("sentencepiece-bpe", Map.of("vocab_size", 10), letters, 2))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("vocab_size is 10");
    }

    /** A reader that fails half way ends the training with its own problem, and no thread waits for ever. */
    @Test
    void aReaderThatFails() {
        Iterator<String> failing = new Iterator<>() {
            private int left = 3;

            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public String next() {
                if (left-- == 0) {
                    throw new UncheckedIOException(new IOException("gone"));
                }
                return "text ".repeat(100_000);
            }
        };
        assertThatThrownBy(() -> TokenizerTrainer.of("bpe", Map.of()).train(failing, TokenizerProgress.NONE, 2))
                .isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void digammaIsRight() {
        assertThat(UnigramLearner.digamma(1))
                .isCloseTo(-0.57721566490153, org.assertj.core.api.Assertions.within(1e-9));
        assertThat(UnigramLearner.digamma(10))
                .isCloseTo(2.25175258906672, org.assertj.core.api.Assertions.within(1e-9));
        assertThat(Arrays.stream(new double[] {0.5, 3.25, 100})
                        .map(x -> UnigramLearner.digamma(x + 1) - UnigramLearner.digamma(x) - 1 / x)
                        .map(Math::abs)
                        .max()
                        .orElseThrow())
                .isLessThan(1e-9);
    }
}
