package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.tensor.CutawayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A model that a training run has saved.
 *
 * @param name what a page asks for it by
 * @param kind {@code snapshot}, {@code checkpoint} or {@code result}
 * @param result whether its weights are also those of the run's result
 */
record RunSaved(long step, String name, String kind, boolean result, Path path) {
    private static final Pattern STEP = Pattern.compile("step-(\\d{1,15})");
    private static final long LARGEST = 1 << 24;

    /** All that are there now, in order of their steps; of a step that was saved twice, the one that stays. */
    static List<RunSaved> in(Path run) {
        TreeMap<Long, RunSaved> all = new TreeMap<>();
        collect(run.resolve("checkpoints"), "checkpoint", all);
        collect(run.resolve("snapshots"), "snapshot", all);
        long result = result(run);
        if (result >= 0) {
            RunSaved same = all.get(result);
            all.put(
                    result,
                    same == null
                            ? new RunSaved(result, "step-" + result, "result", true, run)
                            : new RunSaved(result, same.name, same.kind, true, same.path));
        }
        return all.values().stream()
                .sorted(Comparator.comparingLong(RunSaved::step))
                .toList();
    }

    private static void collect(Path place, String kind, TreeMap<Long, RunSaved> to) {
        List<Path> there = new ArrayList<>();
        try (Stream<Path> files = Files.list(place)) {
            files.forEach(there::add);
        } catch (IOException | java.io.UncheckedIOException e) {
            return; // not there, or going just now
        }
        for (Path p : there) {
            String name = String.valueOf(p.getFileName());
            Matcher m = STEP.matcher(name);
            if (m.matches() && model(p)) {
                long step = Long.parseLong(m.group(1));
                to.put(step, new RunSaved(step, "step-" + step, kind, false, p));
            }
        }
    }

    private static boolean model(Path p) {
        return Files.exists(p.resolve("model.safetensors")) || Files.exists(p.resolve("adapter_model.safetensors"));
    }

    /** The step whose weights the run's directory holds; -1 while there are none. */
    private static long result(Path run) {
        Path manifest = run.resolve("training.json");
        try {
            if (!model(run) || Files.size(manifest) > LARGEST) {
                return -1;
            }
            JsonNode step = Wire.parse(Files.readString(manifest)).path("weights_of_step");
            return step.canConvertToLong() ? step.asLong() : -1;
        } catch (IOException | CutawayException e) {
            return -1; // not there yet, or half-written by something else
        }
    }
}
