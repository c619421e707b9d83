package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cutaway embed}: a vector for each text. */
@Command(name = "embed", description = "A vector for each text, as sentence-transformers makes it.")
final class Embed implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "TEXT",
            description = "Texts; - reads lines from standard input.")
    private List<String> texts = new ArrayList<>();

    @Option(names = "--json", description = "An object a text: text, embedding.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Override
    public void run() {
        try (Model opened = model.open(exact);
                Out out = new Out();
                Session session = opened.session(SessionOptions.defaults().withRecording(false))) {
            if (opened.family() != Family.ENCODER) {
                throw new UsageException("embed: " + opened + " is no encoder of texts; use a model such as BERT");
            }
            SentenceModel sentences = SentenceModel.of(opened);
            Texts.each(texts, text -> {
                float[] embedding = sentences.embed(session, opened.tokenizer().encode(text, EncodeOptions.ALL));
                if (json) {
                    out.line(Json.of(Json.object("text", text, "embedding", embedding)));
                } else {
                    StringBuilder line = new StringBuilder();
                    for (float x : embedding) {
                        line.append(line.isEmpty() ? "" : " ").append(x);
                    }
                    out.line(line.toString());
                }
                out.flush();
            });
        }
    }
}
