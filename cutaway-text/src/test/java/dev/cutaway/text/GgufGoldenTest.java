package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokenizers from GGUF metadata give llama.cpp's ids. */
class GgufGoldenTest {
    private static final List<String> STRINGS = Golden.strings();
    private static final JsonNode BY_NAME =
            Golden.json(new String(Golden.bytes("llama-pre.json.gz"), StandardCharsets.UTF_8));

    static List<String> names() {
        List<String> names = new ArrayList<>();
        BY_NAME.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Map<String, Object> metadata(String pre) {
        JsonNode model = Golden.json(new String(Golden.bytes("bpe-gpt2.json.gz"), StandardCharsets.UTF_8))
                .get("model");
        String[] tokens = new String[model.get("vocab").size()];
        model.get("vocab").properties().forEach(e -> tokens[e.getValue().intValue()] = e.getKey());
        List<String> merges = new ArrayList<>();
        model.get("merges")
                .forEach(m -> merges.add(
                        m.isTextual()
                                ? m.textValue()
                                : m.get(0).textValue() + " " + m.get(1).textValue()));
        int[] types = new int[tokens.length];
        Arrays.fill(types, 1);
        types[0] = 3;
        return new HashMap<>(Map.of(
                "tokenizer.ggml.model",
                "gpt2",
                "tokenizer.ggml.pre",
                pre,
                "tokenizer.ggml.tokens",
                tokens,
                "tokenizer.ggml.token_type",
                types,
                "tokenizer.ggml.merges",
                merges,
                "tokenizer.ggml.bos_token_id",
                0L,
                "tokenizer.ggml.eos_token_id",
                0L,
                "tokenizer.ggml.add_bos_token",
                false));
    }

    @ParameterizedTest
    @MethodSource("names")
    void preTokenizer(String name) {
        Tokenizer tokenizer = Tokenizers.fromGguf(metadata(name), name + ".gguf");
        List<String> wrong = new ArrayList<>();
        int at = 0;
        for (JsonNode expected : BY_NAME.get(name)) {
            String text = STRINGS.get(25 + 2 * at++);
            int[] ids = tokenizer.ids(text, EncodeOptions.ALL);
            if (!Arrays.equals(ids, Golden.ints(expected))) {
                wrong.add(text.codePoints()
                                .limit(40)
                                .mapToObj(c -> c > 32 && c < 127 ? Character.toString(c) : String.format("{%x}", c))
                                .reduce("", String::concat)
                        + ": " + Arrays.toString(ids) + " expected " + expected);
            }
        }
        assertThat(wrong.subList(0, Math.min(6, wrong.size())))
                .as(name + ": " + wrong.size() + " of " + at)
                .isEmpty();
    }

    @Tag("weights")
    @ParameterizedTest
    @CsvSource({"smollm2,SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3,gemma-3-270m-Q4_K_M.gguf"})
    void realModel(String name, String file) throws IOException {
        String cache = System.getenv()
                .getOrDefault("CUTAWAY_PEERS", System.getProperty("user.home") + "/.cache/cutaway-peers");
        Path path = Path.of(cache, "models", file);
        assumeThat(path).exists();
        Tokenizer tokenizer = Tokenizers.fromGguf(MetadataReader.read(path), file);
        List<String> lines = Golden.lines("llama-" + name + ".vectors.gz");
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            JsonNode expected = Golden.json(lines.get(i));
            for (int k = 0; k < 2; k++) {
                int[] ids = tokenizer.ids(STRINGS.get(i), k == 0 ? EncodeOptions.ALL : EncodeOptions.TEXT);
                int[] theirs = Golden.ints(expected.get(Math.min(k, expected.size() - 1)));
                if (!Arrays.equals(ids, theirs)) {
                    wrong.add(STRINGS.get(i)
                                    .codePoints()
                                    .limit(40)
                                    .mapToObj(c -> c > 32 && c < 127 ? Character.toString(c) : String.format("{%x}", c))
                                    .reduce("", String::concat)
                            + " (" + k + "): " + Arrays.toString(ids) + " expected " + Arrays.toString(theirs));
                }
            }
        }
        assertThat(wrong.subList(0, Math.min(8, wrong.size())))
                .as(name + ": " + wrong.size())
                .isEmpty();
    }

    @Test
    void wordPieceEqualsTheVocabularyItCameFrom() {
        List<String> pieces = Golden.lines("wordpiece-uncased.vocab.txt.gz");
        String[] tokens = pieces.stream()
                .map(p -> p.startsWith("##") ? p.substring(2) : p.startsWith("[") && p.endsWith("]") ? p : "\u2581" + p)
                .toArray(String[]::new);
        Tokenizer gguf = Tokenizers.fromGguf(
                Map.of(
                        "tokenizer.ggml.model", "bert",
                        "tokenizer.ggml.tokens", tokens,
                        "tokenizer.ggml.bos_token_id", 2L,
                        "tokenizer.ggml.unknown_token_id", 1L,
                        "tokenizer.ggml.seperator_token_id", 3L,
                        "tokenizer.ggml.padding_token_id", 0L,
                        "tokenizer.ggml.mask_token_id", 4L),
                "bert.gguf");
        Tokenizer json = Tokenizers.fromJson(Golden.bytes("wordpiece-uncased.json.gz"), "tokenizer.json");
        for (String text : List.of("Playing in the Garden, she said.", "\u4E2D\u6587 caf\u00E9", "once upon a time")) {
            assertThat(gguf.ids(text, EncodeOptions.TEXT)).containsExactly(json.ids(text, EncodeOptions.TEXT));
        }
        int[] ids = gguf.ids("once upon a time, there was", EncodeOptions.BARE);
        assertThat(gguf.decode(ids, true)).isEqualTo("once upon a time, there was");
    }

    /** Just enough of the format to get at the keys. */
    private static final class MetadataReader {
        private final ByteBuffer in;

        private MetadataReader(ByteBuffer in) {
            this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        }

        static Map<String, Object> read(Path path) throws IOException {
            try (FileChannel channel = FileChannel.open(path)) {
                long size = Math.min(Files.size(path), 64 << 20);
                MetadataReader r = new MetadataReader(channel.map(FileChannel.MapMode.READ_ONLY, 0, size));
                r.in.position(16);
                long count = r.in.getLong();
                Map<String, Object> out = new HashMap<>();
                for (long i = 0; i < count; i++) {
                    String key = r.text();
                    out.put(key, r.value(r.in.getInt()));
                }
                return out;
            }
        }

        private String text() {
            byte[] bytes = new byte[Math.toIntExact(in.getLong())];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private Object value(int type) {
            return switch (type) {
                case 0, 1 -> in.get();
                case 2, 3 -> in.getShort();
                case 4, 5 -> in.getInt();
                case 6 -> in.getFloat();
                case 7 -> in.get() != 0;
                case 8 -> text();
                case 9 -> {
                    int inner = in.getInt();
                    long n = in.getLong();
                    List<Object> list = new ArrayList<>();
                    for (long i = 0; i < n; i++) {
                        list.add(value(inner));
                    }
                    yield list;
                }
                case 10, 11 -> in.getLong();
                case 12 -> in.getDouble();
                default -> throw new IllegalArgumentException("type " + type);
            };
        }
    }
}
