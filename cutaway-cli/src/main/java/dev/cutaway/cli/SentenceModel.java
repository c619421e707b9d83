package dev.cutaway.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.Model;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.Encoding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What sentence-transformers does around an encoder, read from the files it saves: the length limit, how a text's vectors
 * become one, layers behind that, normalisation. Mean pooling where there are no such files.
 */
final class SentenceModel {
    /** A step behind the encoder. */
    private sealed interface Step {
        record Pool(List<String> modes) implements Step {}

        record Dense(Tensor weight, float[] bias, boolean tanh) implements Step {}

        record Normalise() implements Step {}
    }

    private final List<Step> steps;
    private final int longest;

    private SentenceModel(List<Step> steps, int longest) {
        this.steps = steps;
        this.longest = longest;
    }

    static SentenceModel of(Model model) {
        int context = model.sizes().learnedPositions() ? model.sizes().context() : Integer.MAX_VALUE;
        if (model.directory().isEmpty()) {
            return new SentenceModel(List.of(new Step.Pool(List.of("mean_tokens"))), context);
        }
        Path directory = model.directory().get();
        Path modules = directory.resolve("modules.json");
        Path limits = directory.resolve("sentence_bert_config.json");
        int longest = context;
        if (Files.isRegularFile(limits)) {
            int most = json(limits).path("max_seq_length").asInt(context);
            longest = most > 0 ? Math.min(context, most) : context;
        }
        if (!Files.isRegularFile(modules)) {
            return new SentenceModel(List.of(new Step.Pool(List.of("mean_tokens"))), longest);
        }
        List<Step> steps = new ArrayList<>();
        for (JsonNode module : json(modules)) {
            String type = module.path("type").asText("");
            Path at = inside(directory, module.path("path").asText(""), modules);
            switch (type.substring(type.lastIndexOf('.') + 1)) {
                case "Transformer" -> {}
                case "Pooling" -> steps.add(pooling(at.resolve("config.json")));
                case "Dense" -> steps.add(dense(at));
                case "Normalize" -> steps.add(new Step.Normalise());
                default ->
                    throw new BadInputException(modules + ": type " + type
                            + " is not known; known are Transformer, Pooling, Dense and Normalize");
            }
        }
        return new SentenceModel(steps, longest);
    }

    private static Path inside(Path directory, String path, Path modules) {
        Path root = directory.toAbsolutePath().normalize();
        Path at = root.resolve(path).normalize();
        if (!at.startsWith(root)) {
            throw new BadInputException(modules + ": path " + path + " leaves the model's directory");
        }
        return at;
    }

    private static JsonNode json(Path file) {
        return JsonInput.parse(Texts.file(file), file.toString());
    }

    private static Step pooling(Path file) {
        JsonNode config = json(file);
        List<String> modes = new ArrayList<>();
        // The order in which sentence-transformers joins them.
        for (String mode : List.of(
                "cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")) {
            if (config.path("pooling_mode_" + mode).asBoolean(false)) {
                modes.add(mode);
            }
        }
        String named = config.path("pooling_mode").asText("");
        if (modes.isEmpty() && !named.isEmpty()) {
            modes.add(named.equals("cls") ? "cls_token" : named.equals("lasttoken") ? named : named + "_tokens");
        }
        if (modes.isEmpty()) {
            throw new BadInputException(file + ": no pooling mode is true; set pooling_mode_mean_tokens or another");
        }
        return new Step.Pool(modes);
    }

    private static Step dense(Path directory) {
        JsonNode config = json(directory.resolve("config.json"));
        String function = config.path("activation_function").asText("");
        boolean tanh = function.endsWith("Tanh");
        if (!tanh && !function.isEmpty() && !function.endsWith("Identity")) {
            throw new BadInputException(directory.resolve("config.json") + ": activation_function " + function
                    + " is not known; known are Tanh and Identity");
        }
        try (Safetensors file = Safetensors.open(directory.resolve("model.safetensors"))) {
            Tensor weight = file.require("linear.weight");
            float[] bias = file.tensor("linear.bias").map(Tensor::toFloats).orElse(new float[0]);
            return new Step.Dense(Tensor.of(weight.toFloats(), weight.shape()), bias, tanh);
        }
    }

    /** The name of the stream that an encoder ends in. */
    static String lastStream(Model model) {
        return "blocks." + (model.sizes().layers() - 1) + ".hook_normalized_resid_post";
    }

    /** The vector of a text of which the encoder made this, {@code [position, width]}. */
    float[] vector(Tensor hidden) {
        float[] vector = {};
        for (Step step : steps) {
            vector = switch (step) {
                case Step.Pool p -> pool(hidden, p.modes());
                case Step.Dense d -> apply(d, vector);
                case Step.Normalise _ -> normalised(vector);
            };
        }
        return vector;
    }

    /** Which tokens are read: what is too long loses its last words, not the tokens around it. */
    int[] kept(Encoding e) {
        int excess = Math.max(0, e.size() - longest);
        int[] words =
                IntStream.range(0, e.size()).filter(i -> e.sequence(i) >= 0).toArray();
        int from = words.length > excess ? words.length - excess : 0;
        Set<Integer> dropped =
                IntStream.range(from, words.length).mapToObj(i -> words[i]).collect(Collectors.toSet());
        return IntStream.range(0, e.size()).filter(i -> !dropped.contains(i)).toArray();
    }

    private static float[] pool(Tensor hidden, List<String> modes) {
        int rows = (int) hidden.dim(0);
        int width = (int) hidden.dim(1);
        float[] x = hidden.toFloats();
        float[] out = new float[width * modes.size()];
        for (int m = 0; m < modes.size(); m++) {
            String mode = modes.get(m);
            for (int k = 0; k < width; k++) {
                out[m * width + k] = (float) pooled(x, rows, width, k, mode);
            }
        }
        return out;
    }

    private static double pooled(float[] x, int rows, int width, int k, String mode) {
        double sum = 0;
        double weights = 0;
        double max = Double.NEGATIVE_INFINITY;
        for (int r = 0; r < rows; r++) {
            double v = x[r * width + k];
            double weight = mode.equals("weightedmean_tokens") ? r + 1 : 1;
            sum += weight * v;
            weights += weight;
            max = Math.max(max, v);
        }
        return switch (mode) {
            case "cls_token" -> x[k];
            case "lasttoken" -> x[(rows - 1) * width + k];
            case "max_tokens" -> max;
            case "mean_sqrt_len_tokens" -> sum / Math.sqrt(weights);
            default -> sum / weights;
        };
    }

    private static float[] apply(Step.Dense d, float[] vector) {
        int rows = (int) d.weight().dim(0);
        int columns = (int) d.weight().dim(1);
        if (columns != vector.length) {
            throw new BadInputException("the dense layer reads " + columns + " numbers, but pooling gives "
                    + vector.length + "; the model's files do not belong together");
        }
        float[] out = new float[rows];
        for (int r = 0; r < rows; r++) {
            double sum = d.bias().length > r ? d.bias()[r] : 0;
            for (int c = 0; c < columns; c++) {
                sum += (double) d.weight().get((long) r * columns + c) * vector[c];
            }
            out[r] = (float) (d.tanh() ? Math.tanh(sum) : sum);
        }
        return out;
    }

    private static float[] normalised(float[] vector) {
        double square = 0;
        for (float x : vector) {
            square += (double) x * x;
        }
        double norm = Math.max(Math.sqrt(square), 1e-12);
        float[] out = new float[vector.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (vector[i] / norm);
        }
        return out;
    }
}
