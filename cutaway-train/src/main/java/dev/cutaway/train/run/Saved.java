package dev.cutaway.train.run;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.model.Blueprint;
import dev.cutaway.model.EmbeddedModels;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.model.hub.HubReference;
import dev.cutaway.model.lora.Adapter;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a checkpoint holds: a directory that opens as a model, with {@code optimizer.safetensors} and {@code state.json} beside it. The
 * place in the data and everything random follow from seed and step.
 */
final class Saved {
    static final String STATE = "state.json";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String MODEL = "model.safetensors";

    private Saved() {}

    /** Writes the files of a model's directory, or an adapter's. */
    static void writeModel(Path directory, Setup s) throws IOException {
        if (s.adaptation().isPresent()) {
            s.adaptation().get().write(directory, called(s.blueprint()), s.weights()::weight);
        } else {
            s.blueprint().write(directory.resolve(MODEL), s.weights()::weight);
        }
        for (Map.Entry<String, byte[]> f : companions(s).entrySet()) {
            Disk.write(directory.resolve(f.getKey()), f.getValue());
        }
    }

    /** Writes the files of a checkpoint. */
    static void write(Path directory, Setup s, Progress progress) throws IOException {
        writeModel(directory, s);
        Map<String, Tensor> state = s.trainer().state();
        if (!state.isEmpty()) {
            SafetensorsWriter.write(directory.resolve(OPTIMIZER), state);
        }
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("step", s.trainer().steps());
        m.putAll(progress.saved());
        m.put("recipe", s.recipe().fixed());
        Disk.write(directory.resolve(STATE), JsonText.file(m));
    }

    /** What an adapter calls its model: a path that holds from anywhere on this machine, or a name. */
    private static String called(Blueprint b) {
        if (HubReference.is(b.name())) {
            return b.name().substring(b.name().indexOf(':') + 1);
        }
        boolean embedded = EmbeddedModels.names().contains(b.name())
                && b.directory().map(EmbeddedModels::isCopy).orElse(true);
        if (embedded) {
            return b.name();
        }
        Path p = b.directory().orElseGet(() -> b.checkpoint().orElseThrow().file());
        return p.toAbsolutePath().normalize().toString();
    }

    private static String weights(Setup s) {
        return s.adaptation().isPresent() ? Adapter.TENSORS : MODEL;
    }

    /** The files of a model's directory beside its weights; of an adapter's, those of the tokenizer. */
    static Map<String, byte[]> companions(Setup s) {
        Map<String, byte[]> out = new LinkedHashMap<>();
        if (s.adaptation().isPresent()) {
            s.tokenizer().ifPresent(t -> out.putAll(t.files()));
            return out;
        }
        Map<String, Object> config = s.blueprint().writtenConfig();
        List<String> classes = s.batches().classes();
        if (!classes.isEmpty() && !config.containsKey("id2label")) {
            Map<String, Object> names = new LinkedHashMap<>();
            Map<String, Object> numbers = new LinkedHashMap<>();
            for (int i = 0; i < classes.size(); i++) {
                names.put(Integer.toString(i), classes.get(i));
                numbers.put(classes.get(i), i);
            }
            config.put("id2label", names);
            config.put("label2id", numbers);
        }
        named(config);
        out.put("config.json", JsonText.file(config));
        s.tokenizer().ifPresent(t -> out.putAll(t.files()));
        Map<String, Object> generation = new LinkedHashMap<>();
        s.blueprint().generationConfig().ifPresent(c -> generation.putAll(c.values()));
        for (String key : List.of("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")) {
            if (config.get(key) != null) {
                generation.putIfAbsent(key, config.get(key));
            }
        }
        boolean generates = s.objective().equals("next-token") || s.objective().equals("sequence-to-sequence");
        if (generates && !generation.isEmpty()) {
            out.put("generation_config.json", JsonText.file(generation));
        }
        Map<String, Object> images = s.batches().preprocessor();
        if (!images.isEmpty()) {
            out.put("preprocessor_config.json", JsonText.file(images));
        }
        return out;
    }

    /** transformers reads the number of classes off their names. */
    private static void named(Map<String, Object> config) {
        if (config.get("num_labels") instanceof Number n && !config.containsKey("id2label")) {
            Map<String, Object> names = new LinkedHashMap<>();
            Map<String, Object> numbers = new LinkedHashMap<>();
            for (int i = 0; i < n.intValue(); i++) {
                names.put(Integer.toString(i), "LABEL_" + i);
                numbers.put("LABEL_" + i, i);
            }
            config.put("id2label", names);
            config.put("label2id", numbers);
        }
        config.remove("num_labels");
    }

    /**
     * Goes on from a checkpoint.
     *
     * @throws UsageException if the recipe has changed in a way that matters
     * @throws BadInputException if the checkpoint is damaged
     */
    static Progress restore(Path directory, Setup s) {
        Map<String, Object> state = JsonText.read(directory.resolve(STATE));
        if (!(state.get("step") instanceof Number step) || !(state.get("recipe") instanceof Map<?, ?> before)) {
            throw new BadInputException(
                    directory.resolve(STATE)
                            + ": holds no state of a run; the checkpoint is damaged, remove it or start again with --overwrite");
        }
        requireSame(s.recipe(), before, directory);
        try (Checkpoint weights = Checkpoint.open(directory.resolve(weights(s)))) {
            for (Parameter p : s.weights().parameters()) {
                Tensor from = s.read(weights, p).widen();
                Tensor to = s.weights().weight(p);
                MemorySegment.copy(from.data(), 0, to.data(), 0, to.byteSize());
            }
        }
        if (Files.exists(directory.resolve(OPTIMIZER))) {
            try (Checkpoint optimizer = Checkpoint.open(directory.resolve(OPTIMIZER))) {
                s.trainer().restore(step.longValue(), optimizer::tensor);
            }
        } else {
            s.trainer().restore(step.longValue(), n -> java.util.Optional.empty());
        }
        return Progress.of(state);
    }

    /** Names the first key whose value is another than when the run began. */
    static void requireSame(Recipe recipe, Map<?, ?> before, Path where) {
        Map<String, Object> now = new LinkedHashMap<>(recipe.fixed());
        Map<String, Object> then = new LinkedHashMap<>();
        before.forEach((k, v) -> then.put(String.valueOf(k), v));
        boolean constant = "constant".equals(now.get("schedule.name")) && "constant".equals(then.get("schedule.name"));
        if (constant) { // more steps, or fewer, change nothing of those that were done
            now.remove("steps");
            then.remove("steps");
        }
        List<String> keys = new ArrayList<>(now.keySet());
        then.keySet().stream().filter(k -> !keys.contains(k)).forEach(keys::add);
        for (String k : keys) {
            String is = text(now.get(k));
            String was = text(then.get(k));
            if (!is.equals(was)) {
                throw new UsageException(recipe.file() + ": " + k + " is " + is + ", but the run in " + where
                        + " began with " + was + "; set it back, or start again with --overwrite");
            }
        }
    }

    private static String text(@org.jspecify.annotations.Nullable Object v) {
        return v == null ? "not there" : JsonText.line(Map.of("v", v)).replaceAll("^\\{\"v\":|}$", "");
    }

    /** Makes a checkpoint's model the result: the files of {@code out}. */
    static void publish(Path checkpoint, Path out, Setup s) throws IOException {
        String name = weights(s);
        Path part = out.resolve("." + name + ".part");
        Files.deleteIfExists(part);
        try {
            link(checkpoint.resolve(name), part);
            Files.move(part, out.resolve(name), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
        if (s.adaptation().isPresent()) {
            Disk.replace(out.resolve(Adapter.CONFIG), Files.readAllBytes(checkpoint.resolve(Adapter.CONFIG)));
        }
        for (Map.Entry<String, byte[]> f : companions(s).entrySet()) {
            Disk.replace(out.resolve(f.getKey()), f.getValue());
        }
        Disk.force(Objects.requireNonNull(out.toAbsolutePath()));
    }

    /** Another name for the same file, since it never changes; a copy where the file system has none. */
    private static void link(Path from, Path to) throws IOException {
        try {
            Files.createLink(to, from);
        } catch (UnsupportedOperationException | java.nio.file.FileSystemException e) {
            Files.copy(from, to);
        }
    }
}
