package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cutaway.tensor.BadInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are broken, or lie, end with one line that names the file, the field and the value. */
class HostileFilesTest {
    private static final String MODEL = "{'type':'BPE','vocab':{'a':0,'b':1,'ab':2},'merges':['a b']}";

    @TempDir
    private Path folder;

    private static void refused(Runnable open, String... parts) {
        BadInputException e = catchThrowableOfType(BadInputException.class, open::run);
        assertThat(e).as("no error for %s", Arrays.toString(parts)).isNotNull();
        assertThat(e.getMessage()).contains(parts).doesNotContain("\n").hasSizeLessThan(2500);
    }

    private static Tokenizer json(String text) {
        return Tokenizers.fromJson(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8), "tokenizer.json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'model': | not valid JSON",
                "[1, 2] | expected an object",
                "{} | model is missing",
                "{'model': 'BPE'} | model is \"BPE\"",
                "{'model': {'type': 'CRF'}} | model.type is \"CRF\"",
                "{'model': {'type': 'BPE', 'vocab': [1], 'merges': []}} | model.vocab is [1]",
                "{'model': {'type': 'BPE', 'vocab': {'a': 'x'}, 'merges': []}} | model.vocab.a is \"x\"",
                "{'model': {'type': 'BPE', 'vocab': {'a': 1.5}, 'merges': []}} | expected an integer",
                "{'model': {'type': 'BPE', 'vocab': {'a': -1}, 'merges': []}} | id -1 of \"a\"",
                "{'model': {'type': 'BPE', 'vocab': {'a': 4000000000}, 'merges': []}} | id 4000000000 of \"a\"",
                "{'model': {'type': 'BPE', 'vocab': {'a': 1e400}, 'merges': []}} | model.vocab.a",
                "{'model': {'type': 'BPE', 'vocab': {'a': 99999999999999999999}, 'merges': []}} | model.vocab.a",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0, 'b': 0}, 'merges': []}} | id 0 is given to both \"a\" and \"b\"",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['a b']}} | model.merges[0]: \"b\" is not in the vocabulary",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0, 'b': 1}, 'merges': ['a b']}} | \"ab\" is not in the vocabulary",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': ['ab']}} | is not two pieces",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [7]}} | model.merges[0] is 7",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [['a']]}} | model.merges[0]",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [], 'unk_token': '<u>'}} | model.unk_token",
                "{'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': [], 'fuse_unk': 3}} | model.fuse_unk is 3",
                "{'model': {'type': 'Unigram', 'vocab': [['a']]}} | model.vocab[0]",
                "{'model': {'type': 'Unigram', 'vocab': [['a', 'b']]}} | model.vocab[0]",
                "{'model': {'type': 'Unigram', 'vocab': [['a', 0.0]], 'unk_id': 5}} | model.unk_id is 5",
                "{'model': {'type': 'WordPiece', 'vocab': {'a': 0}}} | [UNK]",
                "{'model': {'type': 'WordPiece', 'vocab': {'[UNK]': 0}, 'max_input_chars_per_word': -4}} | is -4",
                "{'model': @, 'pre_tokenizer': {'type': 'Magic'}} | pre_tokenizer.type is \"Magic\"",
                "{'model': @, 'pre_tokenizer': {'type': 'Split', 'pattern': {'Regex': '(a'}, 'behavior': 'Isolated'}} | does not compile",
                "{'model': @, 'pre_tokenizer': {'type': 'Split', 'pattern': {'Glob': 'a'}, 'behavior': 'Isolated'}} | pre_tokenizer.pattern",
                "{'model': @, 'pre_tokenizer': {'type': 'Split', 'pattern': {'Regex': 'a'}, 'behavior': 'Eaten'}} | behavior is \"Eaten\"",
                "{'model': @, 'pre_tokenizer': {'type': 'FixedLength', 'length': 0}} | length is 0",
                "{'model': @, 'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [{'type': 'X'}]}} | pretokenizers[0].type",
                "{'model': @, 'normalizer': {'type': 'Upper'}} | normalizer.type is \"Upper\"",
                "{'model': @, 'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '%%'}} | is not base 64",
                "{'model': @, 'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '////fw=='}} | trie claims",
                "{'model': @, 'decoder': {'type': 'Magic'}} | decoder.type is \"Magic\"",
                "{'model': @, 'decoder': {'type': 'Strip', 'content': 'ab'}} | decoder.content is \"ab\"",
                "{'model': @, 'post_processor': {'type': 'Magic'}} | post_processor.type is \"Magic\"",
                "{'model': @, 'post_processor': {'type': 'BertProcessing', 'sep': ['x', 9], 'cls': ['y', 1]}} | is 9, outside the vocabulary of 3",
                "{'model': @, 'post_processor': {'type': 'TemplateProcessing', 'single': [{'Sequence': {'id': 'C'}}], 'pair': []}} | id is \"C\"",
                "{'model': @, 'post_processor': {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': 'q'}}], 'pair': []}} | special_tokens.q",
                "{'model': @, 'added_tokens': [{'content': 'x'}]} | added_tokens[0].id",
                "{'model': @, 'added_tokens': [{'content': 'x', 'id': -3}]} | added_tokens[0].id is -3",
                "{'model': @, 'added_tokens': [{'content': 5, 'id': 3}]} | added_tokens[0].content is 5",
            })
    void tokenizerJson(String text, String expected) {
        refused(() -> json(text.replace("@", MODEL)), "tokenizer.json", expected.trim());
    }

    @Test
    void everyTruncation() {
        byte[] whole = json("{'x':1,'model':" + MODEL + "}") == null ? new byte[0] : Golden.bytes("bpe-openai.json.gz");
        for (int n = 0; n < whole.length; n += 997) {
            byte[] cut = Arrays.copyOf(whole, n);
            refused(() -> Tokenizers.fromJson(cut, "cut.json"), "cut.json");
        }
        byte[] model = Golden.bytes("sentencepiece/bpe-bytes.model.gz");
        for (int n = 0; n < model.length - 700; n += 499) {
            byte[] cut = Arrays.copyOf(model, n);
            try {
                Tokenizers.fromSentencePiece(cut, "cut.model");
            } catch (BadInputException e) {
                assertThat(e.getMessage()).contains("cut.model");
            }
        }
    }

    @Test
    void nesting() {
        String deep = "{'type':'Sequence','normalizers':[".repeat(5000) + "]}".repeat(5000);
        refused(() -> json("{'model':" + MODEL + ",'normalizer':" + deep + "}"), "tokenizer.json", "not valid JSON");
        refused(() -> json("[".repeat(100_000)), "tokenizer.json");
    }

    @Test
    void patternsThatBacktrack() {
        for (String pattern : List.of("(x+x+)+y", "(a|b|x)*c", "(x*)*y")) {
            Tokenizer tokenizer = json("{'model':" + MODEL
                    + ",'pre_tokenizer':{'type':'Split','behavior':'Isolated','pattern':{'Regex':'" + pattern + "'}}}");
            long begun = System.nanoTime();
            refused(() -> tokenizer.ids("x".repeat(100_000), EncodeOptions.TEXT), "pattern", pattern);
            assertThat(System.nanoTime() - begun).isLessThan(20_000_000_000L);
        }
    }

    private static byte[] proto(Object... fields) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Object field : fields) {
            if (field instanceof byte[] b) {
                out.writeBytes(b);
            } else {
                out.write((Integer) field);
            }
        }
        return out.toByteArray();
    }

    private static byte[] piece(String text, int type) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        byte[] inner = proto(0x0A, utf8.length, utf8, 0x18, type);
        return proto(0x0A, inner.length, inner);
    }

    @Test
    void sentencePiece() {
        refused(() -> Tokenizers.fromSentencePiece(new byte[0], "x.model"), "x.model", "no pieces");
        refused(() -> Tokenizers.fromSentencePiece(proto(0x0A, 0x7F, 1), "x.model"), "x.model", "127 bytes");
        refused(
                () -> Tokenizers.fromSentencePiece(proto(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F), "x.model"),
                "x.model",
                "bytes");
        refused(() -> Tokenizers.fromSentencePiece(proto(0x08, 0xFF), "x.model"), "x.model");
        refused(() -> Tokenizers.fromSentencePiece(proto(0x0F), "x.model"), "x.model", "wire type 7");
        refused(
                () -> Tokenizers.fromSentencePiece(
                        "{\"not\": \"protobuf\"}".getBytes(StandardCharsets.UTF_8), "x.model"),
                "x.model");
        refused(() -> Tokenizers.fromSentencePiece(piece("a", 1), "x.model"), "unknown token");
        refused(() -> Tokenizers.fromSentencePiece(piece("a", 9), "x.model"), "pieces[0]", "type 9");
        refused(() -> Tokenizers.fromSentencePiece(piece("", 1), "x.model"), "pieces[0]", "empty");
        refused(
                () -> Tokenizers.fromSentencePiece(proto(piece("u", 2), 0x12, 2, 0x18, 8), "x.model"),
                "trainer_spec.model_type is 8");
        refused(
                () -> Tokenizers.fromSentencePiece(proto(piece("u", 2), 0x1A, 4, 0x12, 2, 1, 1), "x.model"),
                "precompiled_charsmap");
    }

    private static Tokenizer gguf(Object... changes) {
        Map<String, Object> metadata = new HashMap<>(Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                "gpt-2",
                "tokenizer.ggml.tokens",
                new String[] {"a", "b", "ab"},
                "tokenizer.ggml.merges",
                List.of("a b"),
                "tokenizer.ggml.scores",
                new float[] {0, 0, 0},
                "tokenizer.ggml.token_type",
                new int[] {1, 1, 1}));
        for (int i = 0; i < changes.length; i += 2) {
            if (changes[i + 1].equals("")) {
                metadata.remove("tokenizer.ggml." + changes[i]);
            } else {
                metadata.put("tokenizer.ggml." + changes[i], changes[i + 1]);
            }
        }
        return Tokenizers.fromGguf(metadata, "m.gguf");
    }

    @Test
    void ggufMetadata() {
        assertThat(gguf().ids("ab", EncodeOptions.TEXT)).containsExactly(2);
        refused(() -> gguf("model", ""), "m.gguf", "tokenizer.ggml.model is missing");
        refused(() -> gguf("model", "rwkv9"), "\"rwkv9\"", "known are");
        refused(() -> gguf("model", 4L), "tokenizer.ggml.model is 4");
        refused(() -> gguf("pre", "unheard-of"), "\"unheard-of\"", "known are", "llama-bpe", "smollm", "tekken");
        refused(() -> gguf("tokens", ""), "tokenizer.ggml.tokens");
        refused(() -> gguf("tokens", 5L), "tokenizer.ggml.tokens is 5");
        refused(() -> gguf("tokens", List.of()), "0 entries");
        refused(() -> gguf("tokens", List.of("a", 7)), "tokens[1] is 7");
        refused(() -> gguf("token_type", new int[] {1}), "1 entries for 3 tokens");
        refused(() -> gguf("merges", ""), "tokenizer.ggml.merges");
        refused(() -> gguf("merges", List.of("a c")), "merges[0]", "\"c\" is not in the vocabulary");
        refused(() -> gguf("bos_token_id", 77L), "bos_token_id is 77", "3 tokens");
        refused(() -> gguf("bos_token_id", "zero"), "bos_token_id is zero");
        refused(() -> gguf("add_bos_token", true), "add_bos_token is true");
        refused(() -> gguf("add_bos_token", 1L), "add_bos_token is 1");
        refused(() -> gguf("model", "llama", "scores", new float[] {0}), "1 entries for 3 tokens");
        refused(() -> gguf("model", "t5", "precompiled_charsmap", new byte[] {1, 2}), "precompiled_charsmap");
        refused(() -> gguf("model", "bert"), "unknown_token_id");
    }

    @Test
    void directories() throws IOException {
        refused(() -> Tokenizers.load(folder.resolve("nowhere")), "nowhere", "not there");
        refused(() -> Tokenizers.load(folder), "no tokenizer here");
        Files.writeString(folder.resolve("vocab.txt"), "a\nb\n");
        refused(() -> Tokenizers.load(folder), "vocab.txt", "[UNK]");
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0}");
        refused(() -> Tokenizers.load(folder), "merges.txt", "not there");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\n");
        refused(() -> Tokenizers.load(folder), "merges.txt", "\"b\"");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
        Files.writeString(folder.resolve("tokenizer_config.json"), "[]");
        refused(() -> Tokenizers.load(folder), "tokenizer_config.json", "expected an object");
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}");
        refused(() -> Tokenizers.load(folder), "tokenizer_config.json", "\"x\"", "no id");
    }
}
