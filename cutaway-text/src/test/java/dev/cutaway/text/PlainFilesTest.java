package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Directories with older files give what the tokenizer.json of the same vocabulary gives. */
class PlainFilesTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"uncased,true", "cased,false"})
    void vocabTxt(String name, boolean lower) throws IOException {
        Files.write(folder.resolve("vocab.txt"), Golden.bytes("wordpiece-" + name + ".vocab.txt.gz"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": " + lower + "}");
        same(Tokenizers.load(folder), "wordpiece-" + name);
    }

    @Test
    void vocabAndMerges() throws IOException {
        JsonNode model = Golden.json(new String(Golden.bytes("bpe-gpt2.json.gz"), StandardCharsets.UTF_8))
                .get("model");
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        model.get("merges")
                .forEach(m -> merges.append(
                                m.isTextual()
                                        ? m.textValue()
                                        : m.get(0).textValue() + " " + m.get(1).textValue())
                        .append('\n'));
        Files.writeString(folder.resolve("vocab.json"), model.get("vocab").toString());
        Files.writeString(folder.resolve("merges.txt"), merges.toString());
        Tokenizer plain = Tokenizers.load(folder);
        assertThat(plain.special().eos()).hasValue(0);
        same(plain, "bpe-gpt2");
    }

    @Test
    void sentencePieceDirectory() throws IOException {
        Files.write(folder.resolve("tokenizer.model"), Golden.bytes("sentencepiece/bpe-bytes.model.gz"));
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"LlamaTokenizer\", \"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\"}");
        Tokenizer tokenizer = Tokenizers.load(folder);
        assertThat(tokenizer.ids("a", EncodeOptions.TEXT)[0]).isEqualTo(1);
        assertThat(tokenizer.ids("a", EncodeOptions.BARE)[0]).isNotEqualTo(1);
        assertThat(tokenizer.special().ends()).containsExactly(2);
        assertThat(tokenizer.ids("<s>", EncodeOptions.BARE)).doesNotContain(1);
        assertThat(tokenizer.ids("<s>", EncodeOptions.TEMPLATE)).containsExactly(1);
    }

    private static void same(Tokenizer plain, String name) {
        Tokenizer json = Tokenizers.fromJson(Golden.bytes(name + ".json.gz"), name);
        List<String> strings = Golden.strings();
        for (int i = 0; i < 600; i++) {
            Encoding a = plain.encode(strings.get(i), EncodeOptions.ALL);
            Encoding b = json.encode(strings.get(i), EncodeOptions.ALL);
            assertThat(a.ids()).as(strings.get(i)).containsExactly(b.ids());
            assertThat(plain.decode(a.ids(), true)).isEqualTo(json.decode(b.ids(), true));
            Encoding pair = plain.encode(strings.get(i), strings.get(i + 1), EncodeOptions.ALL);
            assertThat(pair.ids()).hasSize(pair.types().length);
        }
    }
}
