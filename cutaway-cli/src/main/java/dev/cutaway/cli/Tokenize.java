package dev.cutaway.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;
import dev.cutaway.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cutaway tokenize}: text to token ids and back. */
@Command(name = "tokenize", description = "Text to token ids and back; without TEXT every line of standard input.")
final class Tokenize implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TEXT",
            description = "The text, or with --decode ids; -- before a text that begins with a dash.")
    private @Nullable String text;

    @Option(names = "--json", description = "An array a text: id, text, piece, and the bytes it stands for.")
    private boolean json;

    @Option(
            names = "--jsonl",
            description =
                    "Lines are JSON: a string, {\"text\",\"pair\"}, or with --decode an array of ids; so are answers.")
    private boolean jsonLines;

    @Option(names = "--decode", description = "Ids to text.")
    private boolean decode;

    @Option(names = "--no-parse-special", description = "Special tokens inside a text are text.")
    private boolean noParseSpecial;

    @Option(names = "--no-special", description = "Leave out what is added around a text; decoding, special tokens.")
    private boolean noSpecial;

    @Override
    public void run() {
        Tokenizer tokenizer = TokenizerFiles.open(model);
        EncodeOptions options = new EncodeOptions(!noSpecial, !noParseSpecial);
        try (Out out = new Out()) {
            if (text != null) {
                out.line(answer(tokenizer, options, text, jsonLines ? "TEXT" : decode ? "ids" : "TEXT"));
                return;
            }
            Lines lines = Lines.standardInput();
            for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
                out.line(answer(tokenizer, options, line.get(), lines.where()));
                if (lines.number() % 256 == 0 && out.flush().abandoned()) {
                    return;
                }
            }
        }
    }

    private String answer(Tokenizer tokenizer, EncodeOptions options, String given, String where) {
        if (decode) {
            int[] ids = jsonLines ? JsonInput.ids(JsonInput.parse(given, where), where) : Ids.parse(given, where);
            for (int id : ids) {
                if (id >= tokenizer.vocabularySize()) {
                    throw new BadInputException(where + ": token id " + id
                            + " is outside the vocabulary; ids go from 0 to " + (tokenizer.vocabularySize() - 1));
                }
            }
            String decoded = tokenizer.decode(ids, noSpecial);
            return jsonLines || json ? Json.of(decoded) : decoded;
        }
        Encoding encoding = jsonLines
                ? encode(tokenizer, options, JsonInput.parse(given, where), where)
                : tokenizer.encode(given, options);
        if (json) {
            return Json.of(pieces(tokenizer, encoding));
        }
        return jsonLines ? Json.of(encoding.ids()) : Ids.join(encoding.ids());
    }

    private static List<Map<String, Object>> pieces(Tokenizer tokenizer, Encoding encoding) {
        List<Map<String, Object>> all = new ArrayList<>(encoding.size());
        for (int i = 0; i < encoding.size(); i++) {
            int id = encoding.id(i);
            all.add(Json.object(
                    "id", id,
                    "text", tokenizer.text(id),
                    "piece", tokenizer.piece(id).orElse(""),
                    "start", encoding.start(i),
                    "end", encoding.end(i)));
        }
        return all;
    }

    private static Encoding encode(Tokenizer tokenizer, EncodeOptions options, JsonNode node, String where) {
        if (node.isTextual()) {
            return tokenizer.encode(node.textValue(), options);
        }
        if (!node.path("text").isTextual()
                || (node.hasNonNull("pair") && !node.path("pair").isTextual())) {
            throw new BadInputException(where + ": is neither a string nor {\"text\": ..., \"pair\": ...}");
        }
        String first = node.path("text").textValue();
        return node.hasNonNull("pair")
                ? tokenizer.encode(first, node.path("pair").textValue(), options)
                : tokenizer.encode(first, options);
    }
}
