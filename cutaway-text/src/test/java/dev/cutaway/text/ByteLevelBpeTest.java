package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ByteLevelBpeTest {
    private static final String JSON = """
            {"added_tokens": [{"id": 9, "content": "<|end|>", "special": true}],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
             "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE",
               "vocab": {"l": 0, "o": 1, "w": 2, "Ġ": 3, "lo": 4, "low": 5, "Ġlow": 6, "Ã": 7, "©": 8},
               "merges": ["l o", ["lo", "w"], "Ġ low"]}}
            """;

    private final Tokenizer tokenizer = Tokenizers.fromJson(JSON.getBytes(StandardCharsets.UTF_8), "tokenizer.json");

    @Test
    void mergesByRankAndGivesBytes() {
        Encoding encoding = tokenizer.encode("low low", EncodeOptions.TEXT);
        assertThat(encoding.ids()).containsExactly(5, 6);
        assertThat(encoding.start(1)).isEqualTo(3);
        assertThat(encoding.end(1)).isEqualTo(7);
        assertThat(tokenizer.decode(encoding.ids(), true)).isEqualTo("low low");
    }

    @Test
    void halfACharacterWaits() {
        Encoding encoding = tokenizer.encode("é", EncodeOptions.TEXT);
        assertThat(encoding.ids()).containsExactly(7, 8);
        assertThat(encoding.end(0)).isEqualTo(1);
        assertThat(encoding.start(1)).isEqualTo(1);
        Decoder decoder = tokenizer.decoder(true);
        assertThat(decoder.add(7)).isEmpty();
        assertThat(decoder.add(8)).isEqualTo("é");
        assertThat(decoder.add(7)).isEmpty();
        assertThat(decoder.finish()).isEqualTo("\uFFFD");
    }

    @Test
    void specialTextIsTextUnlessAskedFor() {
        assertThat(tokenizer.ids("<|end|>", EncodeOptions.ALL)).containsExactly(9);
        assertThat(tokenizer.ids("lo<|end|>", EncodeOptions.TEXT)).doesNotContain(9);
        assertThat(tokenizer.decode(new int[] {5, 9}, true)).isEqualTo("low");
        assertThat(tokenizer.decode(new int[] {5, 9}, false)).isEqualTo("low<|end|>");
    }

    @Test
    void gguf() {
        Map<String, Object> metadata = Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                "gpt-2",
                "tokenizer.ggml.tokens",
                List.of("l", "o", "w", "Ġ", "lo", "low", "Ġlow", "<s>"),
                "tokenizer.ggml.token_type",
                new int[] {1, 1, 1, 1, 1, 1, 1, 3},
                "tokenizer.ggml.merges",
                new String[] {"l o", "lo w", "Ġ low"},
                "tokenizer.ggml.bos_token_id",
                7L,
                "tokenizer.ggml.add_bos_token",
                true);
        Tokenizer gguf = Tokenizers.fromGguf(metadata, "model.gguf");
        assertThat(gguf.ids("low low", EncodeOptions.TEXT)).containsExactly(7, 5, 6);
        assertThat(gguf.special().bos()).hasValue(7);
    }
}
