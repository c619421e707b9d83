package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
            if (!session.hasOutput(SentenceModel.lastStream(opened))) {
                throw new BadInputException(opened.name() + ": ends in no normalised stream to embed with");
            }
            Printed printed = new Printed(out);
            Embeddings embeddings = new Embeddings(session, SentenceModel.of(opened), printed);
            try {
                Texts.each(texts, embeddings::add, embeddings::refuse, embeddings::answer);
            } finally {
                embeddings.answer(); // also where reading failed: what came before has its answer
            }
            printed.end();
        } catch (Abandoned _) {
            // Nobody reads any more, as after | head -1.
        }
    }

    /** Ends a command whose reader has gone. */
    private static final class Abandoned extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Answers as they are printed: a line for each text, also for one that has no vector, so that the n-th is the n-th's. */
    private final class Printed implements Embeddings.Answers {
        private final Out out;
        private Optional<BadInputException> first = Optional.empty();
        private int refused;

        Printed(Out out) {
            this.out = out;
        }

        @Override
        public void vector(String text, float[] vector) {
            if (json) {
                out.line(Json.of(Json.object("text", text, "embedding", vector)));
                return;
            }
            StringBuilder line = new StringBuilder();
            for (float x : vector) {
                line.append(line.isEmpty() ? "" : " ").append(x);
            }
            out.line(line.toString());
        }

        @Override
        public void refused(Optional<String> text, BadInputException why) {
            Map<String, Object> answer = text.map(t -> Json.object("text", t)).orElseGet(Json::object);
            answer.put("error", why.getMessage());
            out.line(json ? Json.of(answer) : "");
            first = first.or(() -> Optional.of(why));
            refused++;
        }

        @Override
        public void pause() {
            if (out.flush().abandoned()) {
                throw new Abandoned();
            }
        }

        /** Ends with the first text that had no vector. */
        void end() {
            if (first.isPresent()) {
                BadInputException e = first.get();
                throw refused == 1
                        ? e
                        : new BadInputException(
                                e.getMessage() + " (" + (refused - 1) + " more texts have no vector)", e);
            }
        }
    }
}
