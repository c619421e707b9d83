package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.model.arch.Labels;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cutaway classify}: the class of a text or an image. */
@Command(name = "classify", description = "The class of a text or an image.")
final class Classify implements Runnable {
    private static final int SHOWN = 10;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Parameters(
            index = "1",
            paramLabel = "TEXT|IMAGE",
            description = "A text, a PNG or JPEG file for image models; - reads lines from standard input.")
    @SuppressWarnings("NullAway.Init")
    private String input;

    @Option(names = "--json", description = "An object a class, the likeliest first: label, score.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Override
    public void run() {
        try (Model opened = model.open(exact);
                Out out = new Out();
                Session session = opened.session(SessionOptions.defaults().withRecording(false))) {
            if (opened.family() == Family.DECODER || opened.family() == Family.ENCODER_DECODER) {
                throw new UsageException(
                        "classify: " + opened + " has no classes; use a model with a classification head");
            }
            boolean lines = input.equals("-");
            int[] line = new int[1];
            Texts.each(List.of(input), given -> {
                line[0]++;
                classify(opened, session, given, lines ? line[0] : 0, out);
            });
        }
    }

    private void classify(Model opened, Session session, String given, int line, Out out) {
        if (opened.family() == Family.VISION) {
            session.image(Images.read(opened, Path.of(given)));
        } else {
            Encoding e = opened.tokenizer().encode(given, EncodeOptions.TEXT);
            session.encode(e.ids(), e.types(), new int[0]);
        }
        if (!hasClasses(opened, session)) {
            throw new BadInputException(
                    opened.name() + ": has no head over classes (SequenceClassification); use another checkpoint");
        }
        Tensor logits = session.output("logits");
        int classes = (int) logits.dim(-1);
        print(Labels.of(opened.config(), classes), scores(opened, logits.toFloats()), line, out);
    }

    /** A head over classes gives one row for a text; one over tokens or words gives a row for each. */
    private static boolean hasClasses(Model opened, Session session) {
        boolean perToken =
                opened.config().texts("architectures").stream().anyMatch(a -> a.endsWith("ForTokenClassification"));
        return !perToken
                && session.hasOutput("logits")
                && session.output("logits").dim(0) == 1
                && session.output("logits").dim(-1) != opened.sizes().vocabulary();
    }

    /** Softmax over the classes; each for itself where several may hold, as transformers' pipelines do. */
    private static double[] scores(Model opened, float[] logits) {
        boolean several =
                opened.config().text("problem_type", "").equals("multi_label_classification") || logits.length == 1;
        double norm = Losses.logSum(logits);
        return IntStream.range(0, logits.length)
                .mapToDouble(i -> several ? 1 / (1 + Math.exp(-logits[i])) : Math.exp(logits[i] - norm))
                .toArray();
    }

    private void print(List<String> labels, double[] scores, int line, Out out) {
        List<Integer> order = IntStream.range(0, scores.length)
                .boxed()
                .sorted((a, b) -> Double.compare(scores[b], scores[a]))
                .toList();
        for (int i : json ? order : order.subList(0, Math.min(SHOWN, order.size()))) {
            if (json) {
                Map<String, Object> one = Json.object("label", labels.get(i), "score", scores[i]);
                if (line > 0) {
                    one.put("line", line);
                }
                out.line(Json.of(one));
            } else {
                out.text(String.format(Locale.ROOT, "%.4f  %s%n", scores[i], labels.get(i)));
            }
        }
        if (!json && scores.length > SHOWN) {
            out.line("and " + (scores.length - SHOWN) + " more (--json shows all)");
        }
        out.flush();
    }
}
