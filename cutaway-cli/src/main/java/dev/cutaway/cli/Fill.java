package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cutaway fill}: words for the mask in a text. */
@Command(name = "fill", description = "Words for [MASK] in a text: \"Paris is the [MASK] of France.\"")
final class Fill implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Parameters(
            index = "1",
            paramLabel = "TEXT",
            description = "A text with a mask; - reads lines from standard input.")
    @SuppressWarnings("NullAway.Init")
    private String text;

    @Option(names = "--top", paramLabel = "N", description = "Candidates; ${DEFAULT-VALUE}.")
    private int top = 5;

    @Option(names = "--json", description = "An object a candidate: id, text, score.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Override
    public void run() {
        if (top < 1) {
            throw new UsageException("--top " + top + ": give a number from 1");
        }
        try (Model opened = model.open(exact);
                Out out = new Out();
                Session session = opened.session(SessionOptions.defaults().withRecording(false))) {
            if (opened.family() != Family.ENCODER) {
                throw new UsageException("fill: " + opened + " fills no masks; use a model such as BERT");
            }
            Texts.each(List.of(text), t -> fill(opened, session, t, out));
        }
    }

    private void fill(Model opened, Session session, String given, Out out) {
        int mask = opened.tokenizer()
                .special()
                .mask()
                .orElseThrow(() -> new BadInputException(opened.name() + ": the tokenizer has no mask token"));
        Encoding encoding = opened.tokenizer().encode(given, EncodeOptions.ALL);
        int[] places = IntStream.range(0, encoding.size())
                .filter(i -> encoding.id(i) == mask)
                .toArray();
        if (places.length == 0) {
            throw new BadInputException("the text has no mask; write "
                    + opened.tokenizer().piece(mask).orElse("[MASK]") + " where a word is missing");
        }
        session.encode(encoding.ids(), encoding.types(), new int[0]);
        if (!session.hasOutput("logits")
                || session.output("logits").dim(-1) != opened.sizes().vocabulary()) {
            throw new BadInputException(
                    opened.name() + ": has no head for masked words (MaskedLM); use another checkpoint");
        }
        Tensor logits = session.output("logits");
        for (int p : places) {
            candidates(opened, logits.row(p).toFloats(), places.length > 1 ? p : -1, out);
        }
        out.flush();
    }

    private void candidates(Model opened, float[] scores, int place, Out out) {
        double norm = Losses.logSum(scores);
        List<Integer> best = IntStream.range(0, scores.length)
                .boxed()
                .sorted((a, b) -> Float.compare(scores[b], scores[a]))
                .limit(top)
                .toList();
        for (int id : best) {
            double score = Math.exp(scores[id] - norm);
            String word = opened.tokenizer().text(id);
            if (json) {
                Map<String, Object> candidate = Json.object("id", id, "text", word, "score", score);
                if (place >= 0) {
                    candidate.put("position", place);
                }
                out.line(Json.of(candidate));
            } else {
                out.text(String.format(Locale.ROOT, "%.4f  %s%n", score, word));
            }
        }
        if (!json && place >= 0) {
            out.line("");
        }
    }
}
