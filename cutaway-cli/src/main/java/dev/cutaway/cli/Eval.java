package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutaway eval}: how well a model predicts a text, translates, or knows images. */
@Command(
        name = "eval",
        description =
                "Loss, perplexity and bits per byte of a text; BLEU and loss of an encoder-decoder's translations;"
                        + " how many images are classified, or named, right.")
final class Eval implements Runnable {
    private static final int MAX_CONTEXT = 2048;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(names = "--text", paramLabel = "FILE", description = "A text in UTF-8.")
    private @Nullable Path text;

    @Mixin
    private final PairsArguments pairs = new PairsArguments();

    @Mixin
    private final ImageScores images = new ImageScores();

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Tokens of a window; the model's context by default, 2048 at most.")
    private int context;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Override
    public void run() {
        if (context < 0 || context == 1) {
            throw new UsageException("--context " + context + ": give a number from 2");
        }
        if ((pairs.given() ? 1 : 0) + (images.given() ? 1 : 0) + (text != null ? 1 : 0) != 1) {
            throw new UsageException("give either --text FILE, for a decoder, or --pairs FILE, for an encoder-decoder,"
                    + " or --images FILE with --labels FILE, for a model that reads images");
        }
        if (pairs.given()) {
            new PairsEval(model, pairs, json, exact).run();
            return;
        }
        pairs.refuse();
        if (images.given()) {
            try (Model opened = model.open(exact);
                    Out out = new Out()) {
                images.measure(opened, json, out);
            }
            return;
        }
        Path file = Objects.requireNonNull(text);
        String content = Texts.file(file);
        try (Model opened = model.open(exact);
                Out out = new Out()) {
            if (opened.family() != Family.DECODER) {
                throw new UsageException("eval: " + opened + " does not predict next tokens; it measures decoders; "
                        + "encoder-decoders are measured by --pairs");
            }
            int window =
                    context > 0 ? context : Math.min(MAX_CONTEXT, opened.sizes().context());
            measure(opened, file, content, window, out);
        }
    }

    private void measure(Model opened, Path file, String text, int window, Out out) {
        Losses losses = new Losses(opened, text, window);
        double[] sum = new double[1];
        long[] counted = new long[1];
        long run = 0;
        opened.prepare();
        long start = System.nanoTime();
        try (Session session = Losses.session(opened, window);
                Progress progress = new Progress("eval", losses.tokens())) {
            for (int w = 0; w < losses.windows(); w++) {
                int[] ids = losses.window(w);
                losses.visit(session, ids, (logits, next) -> {
                    sum[0] += Losses.logSum(logits) - logits[next];
                    counted[0]++;
                });
                run += ids.length;
                progress.at(run);
            }
        }
        if (counted[0] == 0) {
            throw new BadInputException(file + ": too short; there must be a token to predict");
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        double loss = sum[0] / counted[0];
        long bytes = text.getBytes(StandardCharsets.UTF_8).length;
        double bits = sum[0] / Math.log(2) / bytes;
        if (json) {
            out.line(Json.of(Json.object(
                    "loss",
                    loss,
                    "perplexity",
                    Math.exp(loss),
                    "bits_per_byte",
                    bits,
                    "tokens",
                    counted[0],
                    "bytes",
                    bytes,
                    "windows",
                    losses.windows(),
                    "context",
                    window,
                    "tokens_per_s",
                    run / seconds)));
        } else {
            out.text(String.format(
                    Locale.ROOT,
                    "loss           %.6f%nperplexity     %.4f%nbits per byte  %.4f%n",
                    loss,
                    Math.exp(loss),
                    bits));
            out.text(String.format(
                    Locale.ROOT,
                    "tokens         %d of %d bytes, in %d windows of %d%ntokens/s       %.1f%n",
                    counted[0],
                    bytes,
                    losses.windows(),
                    window,
                    run / seconds));
        }
    }
}
