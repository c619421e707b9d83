package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts made to be slow or to break something. */
class HostileTextTest {
    private static final Map<String, String> TEXTS = Map.of(
            "one letter", "a".repeat(100_000),
            "no space", "abcdefghijklmnopqrstuvwxyz0123456789".repeat(2_800),
            "spaces", " ".repeat(100_000),
            "line ends and spaces", " \n".repeat(50_000),
            "digits", "1".repeat(100_000),
            "marks", "a" + "\u0301\u0327".repeat(50_000),
            "emoji", "\uD83D\uDE00\u200D".repeat(33_000),
            "unknown", "\u4E2D".repeat(50_000),
            "special", "<|endoftext|".repeat(8_000));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bpe-gpt2",
                "bpe-llama3",
                "bpe-qwen2",
                "bpe-gpt4o",
                "bpe-deepseek3",
                "bpe-clip",
                "bpe-openai",
                "bpe-llama2",
                "bpe-gemma",
                "wordpiece-uncased",
                "wordlevel",
                "unigram-t5",
                "unigram-bytes"
            })
    void timeIsLinear(String name) {
        Tokenizer tokenizer = Tokenizers.fromJson(Golden.bytes(name + ".json.gz"), name);
        slowest(tokenizer, name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"unigram", "unigram-bytes", "bpe-bytes", "bpe-plain"})
    void sentencePieceTimeIsLinear(String name) {
        slowest(Tokenizers.fromSentencePiece(Golden.bytes("sentencepiece/" + name + ".model.gz"), name), name);
    }

    private static void slowest(Tokenizer tokenizer, String name) {
        TEXTS.forEach((kind, text) -> {
            long begun = System.nanoTime();
            int[] ids = tokenizer.ids(text, EncodeOptions.TEXT);
            double seconds = (System.nanoTime() - begun) / 1e9;
            // Quadratic work on 100,000 characters takes minutes; the bound leaves room for a busy machine.
            assertThat(seconds).as("%s, %s, %d tokens", name, kind, ids.length).isLessThan(5);
            tokenizer.decode(ids, true);
        });
    }

    @Test
    void loneSurrogatesCountAsReplacementCharacters() {
        for (String name : List.of("bpe-gpt2", "wordpiece-uncased", "unigram-t5", "bpe-llama2")) {
            Tokenizer tokenizer = Tokenizers.fromJson(Golden.bytes(name + ".json.gz"), name);
            Encoding broken = tokenizer.encode("a\uD800b\uDC00", EncodeOptions.TEXT);
            Encoding repaired = tokenizer.encode("a\uFFFDb\uFFFD", EncodeOptions.TEXT);
            assertThat(broken.ids()).containsExactly(repaired.ids());
            assertThat(broken.end(broken.size() - 1)).isEqualTo(repaired.end(repaired.size() - 1));
        }
    }

    @Test
    void everyByteOfTheTextBelongsToAToken() {
        Tokenizer tokenizer = Tokenizers.fromJson(Golden.bytes("bpe-gpt2.json.gz"), "bpe-gpt2");
        for (String text : Golden.strings()) {
            Encoding e = tokenizer.encode(text, EncodeOptions.BARE);
            int at = 0;
            for (int i = 0; i < e.size(); i++) {
                assertThat(e.start(i)).isEqualTo(at);
                at = e.end(i);
            }
            assertThat(at).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
            assertThat(tokenizer.decode(e.ids(), false)).isEqualTo(text);
        }
    }
}
