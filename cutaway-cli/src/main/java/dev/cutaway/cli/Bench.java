package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutaway bench}: how fast a model runs here, and how exactly. */
@Command(name = "bench", description = "Speed: the best of some repeats; with --exactness also the rounding.")
final class Bench implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(names = "--prompt-tokens", paramLabel = "N", description = "Tokens of the prompt; ${DEFAULT-VALUE}.")
    private int promptTokens = 512;

    @Option(names = "--generated-tokens", paramLabel = "N", description = "Tokens to generate; ${DEFAULT-VALUE}.")
    private int generatedTokens = 64;

    @Option(names = "--batch", paramLabel = "N", description = "Sequences at a time; 1.")
    private int batch = 1;

    @Option(names = "--repeat", paramLabel = "N", description = "Repeats, of which the best counts; ${DEFAULT-VALUE}.")
    private int repeat = 5;

    @Option(names = "--exactness", description = "Also the mean KL divergence and largest logit difference to --exact.")
    private boolean exactness;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = "The text for --exactness; a page of prose by default.")
    private @Nullable Path text;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        if (promptTokens < 1 || generatedTokens < 1 || repeat < 1) {
            throw new UsageException("--prompt-tokens, --generated-tokens and --repeat must be at least 1");
        }
        if (batch != 1) {
            throw new UsageException("--batch " + batch + ": this version measures one sequence at a time");
        }
        Map<String, Object> result = new LinkedHashMap<>();
        try (Model opened = model.open();
                Out out = new Out()) {
            opened.prepare();
            result.put("threads", opened.threads());
            try (Progress progress = new Progress("bench", repeat)) {
                for (int r = 0; r < repeat; r++) {
                    once(opened, r).forEach((key, value) -> result.merge(key, value, (a, b) -> better(key, a, b)));
                    progress.at(r + 1L);
                }
            }
            result.put("resident_mib", resident());
            if (exactness) {
                exactness(opened, result);
            }
            print(result, out);
        }
    }

    private static Object better(String key, Object a, Object b) {
        double x = (double) a;
        double y = (double) b;
        return key.equals("first_token_s") ? Math.min(x, y) : Math.max(x, y);
    }

    private Map<String, Double> once(Model opened, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int vocabulary = Math.max(1, opened.sizes().vocabulary());
        int most = opened.sizes().learnedPositions() ? opened.sizes().context() : Integer.MAX_VALUE;
        int[] ids = random.ints(Math.min(promptTokens, most), 0, vocabulary).toArray();
        SessionOptions how = SessionOptions.defaults().withRecording(false);
        try (Session session = opened.session(how)) {
            return switch (opened.family()) {
                case DECODER -> generated(session, ids, true);
                case ENCODER_DECODER -> {
                    session.source(ids);
                    yield generated(session, new int[] {InputFile.startToken(opened)}, false);
                }
                case ENCODER -> Map.of("texts_per_s", perSecond(() -> session.encode(ids, new int[0], new int[0])));
                case VISION ->
                    Map.of(
                            "images_per_s",
                            perSecond(() ->
                                    session.image(Examples.of(opened).pixels().getFirst())));
            };
        }
    }

    private Map<String, Double> generated(Session session, int[] prompt, boolean decoder) {
        Generation g =
                session.generate(prompt, GenerateOptions.greedy(generatedTokens).withIgnoreEnd(true));
        Map<String, Double> all = new LinkedHashMap<>();
        if (decoder) {
            all.put("prompt_tokens_per_s", g.promptTokensPerSecond());
        }
        all.put("generated_tokens_per_s", g.generatedTokensPerSecond());
        all.put("first_token_s", g.promptSeconds());
        return all;
    }

    private static double perSecond(Runnable what) {
        long start = System.nanoTime();
        what.run();
        return 1e9 / (System.nanoTime() - start);
    }

    /** Memory of this process that is in use, in MiB; of the Java heap alone where the system does not tell. */
    private static double resident() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
                }
            }
        } catch (IOException e) {
            // not Linux
        }
        Runtime runtime = Runtime.getRuntime();
        return (runtime.totalMemory() - runtime.freeMemory()) / (double) (1 << 20);
    }

    private void exactness(Model fast, Map<String, Object> result) {
        if (fast.family() != Family.DECODER) {
            throw new UsageException("--exactness: " + fast + " does not predict next tokens; it measures decoders");
        }
        String prose = text != null ? Texts.file(text) : prose();
        int context = Math.min(512, fast.sizes().context());
        double kl = 0;
        double largest = 0;
        int n = 0;
        try (Model exact = model.open(true);
                Session a = Losses.session(fast, context);
                Session b = Losses.session(exact, context)) {
            Losses losses = new Losses(fast, prose, context);
            int vocabulary = fast.sizes().vocabulary();
            for (int w = 0; w < losses.windows(); w++) {
                for (int id : losses.window(w)) {
                    if (a.length() >= context) {
                        a.reset();
                        b.reset();
                    }
                    float[] x = a.append(id);
                    float[] y = b.append(id);
                    double zx = Losses.logSum(x);
                    double zy = Losses.logSum(y);
                    for (int i = 0; i < vocabulary; i++) {
                        kl += Math.exp(y[i] - zy) * ((y[i] - zy) - (x[i] - zx));
                        largest = Math.max(largest, Math.abs(x[i] - y[i]));
                    }
                    n++;
                }
            }
        }
        result.put("kl", kl / n);
        result.put("largest_logit_difference", largest);
        result.put("exactness_tokens", n);
    }

    /** A page of public-domain prose. */
    private static String prose() {
        try (InputStream in = Bench.class.getResourceAsStream("prose.txt")) {
            if (in == null) {
                throw new IllegalStateException("prose.txt is missing from this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void print(Map<String, Object> result, Out out) {
        if (json) {
            out.line(Json.of(result));
        } else {
            result.forEach((key, value) -> {
                String name = key.replace("_per_s", "/s").replace('_', ' ');
                String shown =
                        value instanceof Double d ? String.format(Locale.ROOT, "%.6g", d) : String.valueOf(value);
                out.line(name + " ".repeat(Math.max(1, 27 - name.length())) + shown);
            });
        }
    }
}
