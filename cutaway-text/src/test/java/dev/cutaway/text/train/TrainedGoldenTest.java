package dev.cutaway.text.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is learnt from a text is what Hugging Face's trainers learn from it (verification/tokenizers/make_trained.py). */
class TrainedGoldenTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Stream<Arguments> cases() {
        List<Arguments> out = new ArrayList<>();
        for (JsonNode expected : TrainingTexts.json("trained.json.gz")) {
            String options = expected.get("options").toString();
            String shown = options.length() > 120 ? options.substring(0, 120) + "..." : options;
            out.add(Arguments.argumentSet(expected.get("kind").textValue() + " " + shown, expected));
        }
        return out.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    @SuppressWarnings("unchecked")
    void equal(JsonNode expected) {
        Map<String, Object> options = MAPPER.convertValue(expected.get("options"), Map.class);
        TokenizerTrainer trainer = TokenizerTrainer.of(expected.get("kind").textValue(), options);
        TrainedTokenizer trained = trainer.train(TrainingTexts.texts().iterator(), TokenizerProgress.NONE);
        assertThat(trained.vocabularySize()).isEqualTo(expected.get("size").intValue());
        if (expected.has("pieces")) {
            pieces(TrainingTexts.parse(trained.json()), expected.get("pieces"));
            nearlyAllEncoded(trained.tokenizer(), expected, 1.0);
        } else if (expected.has("names")) {
            names(trained.tokenizer(), expected.get("names"));
            nearlyAllEncoded(trained.tokenizer(), expected, 0.97);
        } else {
            assertThat(sha(vocabulary(trained.tokenizer())))
                    .isEqualTo(expected.get("vocabulary").textValue());
            List<String> merges = new ArrayList<>();
            TrainingTexts.parse(trained.json())
                    .get("model")
                    .path("merges")
                    .forEach(m -> m.forEach(piece -> merges.add(piece.textValue())));
            assertThat(sha(merges))
                    .as("merges")
                    .isEqualTo(expected.get("merges").textValue());
            encoded(trained.tokenizer(), expected);
        }
    }

    private static List<String> vocabulary(Tokenizer tokenizer) {
        return IntStream.range(0, tokenizer.vocabularySize())
                .mapToObj(id -> tokenizer.piece(id).orElse(""))
                .toList();
    }

    /** The same pieces with the same scores, but for characters that the training dropped: these get theirs in the order of a hash table. */
    private static void pieces(JsonNode ours, JsonNode expected) {
        Map<String, Double> left = new TreeMap<>();
        ours.get("model")
                .get("vocab")
                .forEach(p -> left.put(p.get(0).textValue(), p.get(1).doubleValue()));
        int far = 0;
        for (JsonNode piece : expected) {
            String text = piece.get(0).textValue();
            assertThat(left).containsKey(text);
            double score = left.getOrDefault(text, Double.NaN);
            left.remove(text);
            if (Math.abs(score - piece.get(1).doubleValue()) > 1e-8) {
                far++;
                assertThat(text.codePointCount(0, text.length())).as(text).isEqualTo(1);
                assertThat(score).isCloseTo(piece.get(1).doubleValue(), within(0.03));
            }
        }
        assertThat(left).isEmpty();
        assertThat(far).isLessThan(expected.size() / 5);
    }

    private static void names(Tokenizer tokenizer, JsonNode expected) {
        Set<String> names = new HashSet<>();
        expected.forEach(n -> names.add(n.textValue()));
        Set<String> ours = new HashSet<>(vocabulary(tokenizer));
        ours.removeAll(names);
        assertThat(ours.size()).isLessThan(expected.size() / 40);
    }

    /** Unigram's ids differ where scores are equal, so tokens are compared, text by text. */
    private static void nearlyAllEncoded(Tokenizer tokenizer, JsonNode expected, double share) {
        List<String> texts = TrainingTexts.heldOut();
        int equal = 0;
        for (int i = 0; i < texts.size(); i++) {
            int[] ids = tokenizer.ids(texts.get(i), EncodeOptions.ALL);
            List<String> tokens = Arrays.stream(ids)
                    .mapToObj(id -> tokenizer.piece(id).orElse(""))
                    .toList();
            equal += sha(tokens).startsWith(expected.get("each").get(i).textValue()) ? 1 : 0;
        }
        assertThat(equal / (double) texts.size()).isGreaterThanOrEqualTo(share);
    }

    private static void encoded(Tokenizer tokenizer, JsonNode expected) {
        List<int[]> all = TrainingTexts.heldOut().stream()
                .map(text -> tokenizer.ids(text, EncodeOptions.ALL))
                .toList();
        JsonNode first = expected.get("first");
        for (int i = 0; i < first.size(); i++) {
            assertThat(all.get(i)).isEqualTo(MAPPER.convertValue(first.get(i), int[].class));
        }
        List<String> flat = new ArrayList<>();
        for (int[] ids : all) {
            Arrays.stream(ids).forEach(id -> flat.add(Integer.toString(id)));
            flat.add("-1");
        }
        assertThat(sha(flat)).isEqualTo(expected.get("ids").textValue());
    }

    /** Of strings, each after its length in bytes. */
    private static String sha(List<String> strings) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String s : strings) {
                byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
                digest.update((utf8.length + ":").getBytes(StandardCharsets.UTF_8));
                digest.update(utf8);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
