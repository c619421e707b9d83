package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cutaway translate}: what an encoder-decoder makes of a text. */
@Command(
        name = "translate",
        description = "What an encoder-decoder makes of a text; the task's prefix is yours to write.")
final class Translate implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TEXT",
            description = "The source; - reads lines from standard input.")
    private @Nullable String text;

    @Mixin
    private final SamplingArguments sampling = new SamplingArguments();

    @Option(names = "--beams", paramLabel = "N", description = "Beams; 1, the likeliest token each time.")
    private int beams = 1;

    @Option(names = "--context", paramLabel = "N", description = "Most tokens of the answer; the model's by default.")
    private int context;

    @Option(names = "--no-special", description = "Without the tokens that the tokenizer adds to the source.")
    private boolean noSpecial;

    @Option(names = "--parse-special", description = "Special tokens inside a text are recognised.")
    private boolean parseSpecial;

    @Option(names = "--tokens", paramLabel = "1,2,3", description = "The source as token ids; nothing is added.")
    private @Nullable String tokens;

    @Option(names = "--json", description = "An object a token, then one with the numbers.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Override
    public void run() {
        if (beams != 1) {
            throw new UsageException("--beams " + beams + ": this version searches without beams; leave --beams out");
        }
        if ((tokens == null) == (text == null)) {
            throw new UsageException("give either TEXT or --tokens");
        }
        try (Model opened = model.open(exact);
                Out out = new Out()) {
            if (opened.family() != Family.ENCODER_DECODER) {
                throw new UsageException("translate: " + opened + " is no encoder-decoder; use a model such as T5");
            }
            GenerateOptions options = sampling.options(opened, true);
            SessionOptions how = SessionOptions.defaults().withRecording(false).withContext(context);
            try (Session session = opened.session(how)) {
                if (tokens != null) {
                    translate(session, Ids.parse(tokens, "--tokens"), options, out);
                } else if (text != null) {
                    EncodeOptions encode = new EncodeOptions(!noSpecial, parseSpecial);
                    Texts.each(
                            List.of(text),
                            t -> translate(session, opened.tokenizer().ids(t, encode), options, out));
                }
            }
        }
    }

    private void translate(Session session, int[] source, GenerateOptions options, Out out) {
        session.source(source);
        Writing writing = new Writing(session, out, json);
        StringBuilder shown = new StringBuilder();
        Generation g = session.generate(new int[] {InputFile.startToken(session.model())}, options, token -> {
            shown.append(token.text());
            writing.token(token);
        });
        writing.end(g, shown.toString());
    }
}
