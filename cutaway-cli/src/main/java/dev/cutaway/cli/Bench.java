package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
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

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Sequences, texts or images at a time; ${DEFAULT-VALUE}.")
    private int batch = 1;

    @Option(names = "--record", description = "Record every residual on the way, as the inspector does.")
    private boolean record;

    @Option(names = "--repeat", paramLabel = "N", description = "Repeats, of which the best counts; ${DEFAULT-VALUE}.")
    private int repeat = 5;

    @Option(names = "--exactness", description = "Also the mean KL divergence and largest logit difference to --exact.")
    private boolean exactness;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = "The text for --exactness; a page of prose by default.")
    private @Nullable Path text;

    @Option(
            names = "--cache",
            paramLabel = "TYPE",
            description =
                    "How keys and values are kept: f32, or f16 (half the memory, faster after long texts); ${DEFAULT-VALUE}.")
    private String cache = "f32";

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        if (promptTokens < 1 || generatedTokens < 1 || repeat < 1) {
            throw new UsageException("--prompt-tokens, --generated-tokens and --repeat must be at least 1");
        }
        if (batch < 1 || batch > 1024) {
            throw new UsageException("--batch " + batch + ": from 1 to 1024");
        }
        Map<String, Object> result = new LinkedHashMap<>();
        try (Model opened = model.open(false, cache);
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
        return key.endsWith("_token_s") || key.equals("source_s") ? Math.min(x, y) : Math.max(x, y);
    }

    private Map<String, Double> once(Model opened, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int vocabulary = Math.max(1, opened.sizes().vocabulary());
        int most = opened.sizes().learnedPositions() ? opened.sizes().context() : Integer.MAX_VALUE;
        List<int[]> ids = new ArrayList<>();
        List<Session> sessions = new ArrayList<>();
        boolean generates = opened.family() == Family.DECODER || opened.family() == Family.ENCODER_DECODER;
        try {
            for (int i = 0; i < batch; i++) {
                ids.add(random.ints(Math.min(promptTokens, most), 0, vocabulary).toArray());
                if (i == 0 || generates) {
                    sessions.add(opened.session(SessionOptions.defaults().withRecording(record)));
                }
            }
            Session first = sessions.getFirst();
            return switch (opened.family()) {
                case DECODER -> batch == 1 ? generated(first, ids.getFirst(), true) : together(sessions, ids, true);
                case ENCODER_DECODER -> translated(opened, sessions, ids);
                case ENCODER -> Map.of("texts_per_s", perSecond(() -> encode(first, ids)));
                case VISION -> Map.of("images_per_s", perSecond(() -> images(opened, first)));
            };
        } finally {
            sessions.forEach(Session::close);
        }
    }

    private void encode(Session session, List<int[]> ids) {
        if (batch == 1) {
            session.encode(ids.getFirst(), new int[0], new int[0]);
        } else {
            session.encodeAll(ids, List.of(), lastOutput(session));
        }
    }

    private void images(Model opened, Session session) {
        Tensor pixels = Examples.of(opened).pixels().getFirst();
        if (batch == 1) {
            session.image(pixels);
        } else {
            session.images(Collections.nCopies(batch, pixels), lastOutput(session));
        }
    }

    private static String lastOutput(Session session) {
        return Stream.of(SentenceModel.lastStream(session.model()), "logits", "pooler")
                .filter(session::hasOutput)
                .findFirst()
                .orElseThrow(() -> new UsageException(session.model() + " has no output to measure"));
    }

    private Map<String, Double> translated(Model opened, List<Session> sessions, List<int[]> ids) {
        long start = System.nanoTime();
        for (int i = 0; i < sessions.size(); i++) {
            sessions.get(i).source(ids.get(i));
        }
        double source = (System.nanoTime() - start) / 1e9;
        int[] begin = {InputFile.startToken(opened)};
        Map<String, Double> all = batch == 1
                ? generated(sessions.getFirst(), begin, false)
                : together(sessions, Collections.nCopies(batch, begin), false);
        all.put("source_s", source);
        return all;
    }

    private Map<String, Double> generated(Session session, int[] prompt, boolean decoder) {
        Generation g =
                session.generate(prompt, GenerateOptions.greedy(generatedTokens).withIgnoreEnd(true));
        return rates(decoder, prompt.length, g.promptSeconds(), g.generatedTokensPerSecond());
    }

    /** Several sequences in each step: tokens of all of them a second. */
    private Map<String, Double> together(List<Session> sessions, List<int[]> prompts, boolean decoder) {
        long start = System.nanoTime();
        Session.appendTogether(sessions, prompts);
        long prompted = System.nanoTime();
        for (int i = 1; i < generatedTokens; i++) {
            Session.appendTogether(
                    sessions,
                    sessions.stream().map(s -> new int[] {largest(s.logits())}).toList());
        }
        double seconds = (System.nanoTime() - prompted) / 1e9;
        int steps = generatedTokens - 1;
        return rates(
                decoder,
                batch * prompts.getFirst().length,
                (prompted - start) / 1e9,
                steps == 0 ? 0 : batch * steps / seconds);
    }

    private static int largest(float[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) {
            best = x[i] > x[best] ? i : best;
        }
        return best;
    }

    private static Map<String, Double> rates(boolean decoder, int promptTokens, double promptSeconds, double rate) {
        Map<String, Double> all = new LinkedHashMap<>();
        if (decoder) {
            all.put("prompt_tokens_per_s", promptTokens / promptSeconds);
        }
        all.put("generated_tokens_per_s", rate);
        all.put("first_token_s", promptSeconds);
        return all;
    }

    private double perSecond(Runnable what) {
        long start = System.nanoTime();
        what.run();
        return batch * 1e9 / (System.nanoTime() - start);
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
