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
    private final GeneratingArguments generating = new GeneratingArguments();

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

    @Override
    public void run() {
        if (beams < 1) {
            throw new UsageException("--beams " + beams + ": give a number from 1");
        }
        if (beams == 1 && lengthPenalty != null) {
            throw new UsageException("--length-penalty: belongs to beam search; give --beams 2 or more too");
        }
        if (generating.hasIds() == (text != null)) {
            throw new UsageException("give either TEXT or --tokens");
        }
        SessionOptions how = generating.session();
        try (Model opened = model.open(generating.exact(), generating.cache());
                Out out = new Out()) {
            if (opened.family() != Family.ENCODER_DECODER) {
                throw new UsageException("translate: " + opened + " is no encoder-decoder; use a model such as T5");
            }
            Answering answering = answering(opened, out);
            try (Session session = opened.session(how)) {
                generating.ids().ifPresent(ids -> answering.answer(session, ids));
                if (text != null) {
                    EncodeOptions encode = generating.encoding();
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
            BeamOptions options = generating.sampling().beams(opened, beams, lengthPenalty);
            return (session, source) -> searched(session, source, options, out);
        }
        GenerateOptions options = generating.sampling().options(opened, true);
        return (session, source) -> chosen(session, source, options, out);
    }

    private void chosen(Session session, int[] source, GenerateOptions options, Out out) {
        session.source(source);
        Writing writing = new Writing(session, out, generating.json());
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
        Writing writing = new Writing(session, out, generating.json());
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
