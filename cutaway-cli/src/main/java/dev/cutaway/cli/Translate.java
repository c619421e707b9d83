package dev.cutaway.cli;

import dev.cutaway.model.BeamOptions;
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

    @Option(
            names = "--beams",
            paramLabel = "N",
            description = "Texts followed at a time; 1 by default, which takes the likeliest token each time.")
    private int beams = 1;

    @Option(
            names = "--length-penalty",
            paramLabel = "X",
            description = "With beams: above 0 favours long answers, below short ones; 1 by default.")
    private @Nullable Double lengthPenalty;

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
        if (beams < 1) {
            throw new UsageException("--beams " + beams + ": give a number from 1");
        }
        if (beams == 1 && lengthPenalty != null) {
            throw new UsageException("--length-penalty: belongs to beam search; give --beams 2 or more too");
        }
        if ((tokens == null) == (text == null)) {
            throw new UsageException("give either TEXT or --tokens");
        }
        try (Model opened = model.open(exact);
                Out out = new Out()) {
            if (opened.family() != Family.ENCODER_DECODER) {
                throw new UsageException("translate: " + opened + " is no encoder-decoder; use a model such as T5");
            }
            Answering answering = answering(opened, out);
            SessionOptions how = SessionOptions.defaults().withRecording(false).withContext(context);
            try (Session session = opened.session(how)) {
                if (tokens != null) {
                    answering.answer(session, Ids.parse(tokens, "--tokens"));
                } else if (text != null) {
                    EncodeOptions encode = new EncodeOptions(!noSpecial, parseSpecial);
                    Texts.each(
                            List.of(text),
                            t -> answering.answer(session, opened.tokenizer().ids(t, encode)));
                }
            }
        }
    }

    /** Answers a source text. */
    @FunctionalInterface
    private interface Answering {
        void answer(Session session, int[] source);
    }

    private Answering answering(Model opened, Out out) {
        if (beams > 1) {
            BeamOptions options = sampling.beams(opened, beams, lengthPenalty);
            return (session, source) -> searched(session, source, options, out);
        }
        GenerateOptions options = sampling.options(opened, true);
        return (session, source) -> chosen(session, source, options, out);
    }

    private void chosen(Session session, int[] source, GenerateOptions options, Out out) {
        session.source(source);
        Writing writing = new Writing(session, out, json);
        StringBuilder shown = new StringBuilder();
        Generation g = session.generate(start(session), options, token -> {
            shown.append(token.text());
            writing.token(token);
        });
        writing.end(g, shown.toString());
    }

    /** Which beam wins is known at the end only. */
    private void searched(Session session, int[] source, BeamOptions options, Out out) {
        session.source(source);
        Generation g = session.generate(start(session), options);
        Writing writing = new Writing(session, out, json);
        StringBuilder shown = new StringBuilder();
        for (Generation.Token token : g.tokens()) {
            shown.append(token.text());
            writing.token(token);
        }
        writing.end(g, shown.toString());
    }

    private static int[] start(Session session) {
        return new int[] {InputFile.startToken(session.model())};
    }
}
