package dev.cutaway.train.data;

import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import dev.cutaway.text.template.ChatTemplate;
import dev.cutaway.train.Example;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** A tokenizer whose ids can be worked out by hand, and contexts of models that are not there. */
final class Toy {
    /** Ids of the tokens of {@link #words}. */
    static final int PAD = 0;

    static final int END = 1;
    static final int UNKNOWN = 2;
    static final int CLS = 3;
    static final int SEP = 4;
    static final int MASK = 5;
    /** w0 has this id, w1 the next ... */
    static final int WORDS = 6;

    private Toy() {}

    /** Words w0 to w{n-1}, split at spaces. */
    static Tokenizer words(Path folder, int n) {
        StringBuilder vocab = new StringBuilder();
        StringBuilder added = new StringBuilder();
        List<String> special = List.of("<pad>", "<end>", "<unk>", "[CLS]", "[SEP]", "[MASK]");
        for (int i = 0; i < special.size(); i++) {
            added.append(i > 0 ? "," : "")
                    .append(
                            "{\"id\":" + i + ",\"content\":\"" + special.get(i)
                                    + "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}");
        }
        vocab.append("\"<unk>\":" + UNKNOWN); // only added: inside a text the others are words like any other
        for (int i = 0; i < n; i++) {
            vocab.append(",\"w" + i + "\":" + (WORDS + i));
        }
        write(
                folder.resolve("tokenizer.json"),
                "{\"version\":\"1.0\",\"added_tokens\":[" + added + "],\"normalizer\":null,"
                        + "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":"
                        + "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},"
                        + "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}}],"
                        + "\"pair\":[{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
                        + "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}},"
                        + "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":1}}],\"special_tokens\":{"
                        + "\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[3],\"tokens\":[\"[CLS]\"]},"
                        + "\"[SEP]\":{\"id\":\"[SEP]\",\"ids\":[4],\"tokens\":[\"[SEP]\"]}}},\"decoder\":null,"
                        + "\"model\":{\"type\":\"WordLevel\",\"vocab\":{" + vocab + "},\"unk_token\":\"<unk>\"}}");
        write(
                folder.resolve("tokenizer_config.json"),
                "{\"pad_token\":\"<pad>\",\"eos_token\":\"<end>\",\"unk_token\":\"<unk>\",\"cls_token\":\"[CLS]\","
                        + "\"sep_token\":\"[SEP]\",\"mask_token\":\"[MASK]\"}");
        return Tokenizers.load(folder);
    }

    static Path write(Path file, String text) {
        try {
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static DataContext context(Family family, Tokenizer t, int batch, int context) {
        return context(family, t, batch, context, Map.of());
    }

    static DataContext context(Family family, Tokenizer t, int batch, int context, Map<String, Object> config) {
        Map<String, Object> all = new HashMap<>(config);
        all.putIfAbsent("model_type", "toy");
        Optional<ChatTemplate> template =
                Optional.ofNullable((String) all.remove("template")).map(ChatTemplate::of);
        return new DataContext(
                Optional.of(t),
                template,
                new Config("config.json", all),
                new Sizes(1, 1, 1, 4, 4, 4, t.vocabularySize(), 1 << 20, false),
                family,
                image -> image.reshape(1, image.size()),
                batch,
                context,
                7);
    }

    static int[] input(Example e, String name) {
        Tensor t = Objects.requireNonNull(e.inputs().get(name));
        int[] x = new int[(int) t.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = t.getInt(i);
        }
        return x;
    }

    static int[] labels(Example e) {
        return Objects.requireNonNull(e.labels().get("labels"));
    }
}
