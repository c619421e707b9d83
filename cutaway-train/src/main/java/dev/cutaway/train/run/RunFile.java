package dev.cutaway.train.run;

import dev.cutaway.train.Trainer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code OUT/run.jsonl}: everything that happens in a run as lines of JSON, for pages that follow it live or play it again. Each has an {@code event}
 * ({@code begin}, {@code step}, {@code valid}, {@code sample}, {@code checkpoint}, {@code snapshot}, {@code end}) and the {@code step} it belongs to.
 */
final class RunFile implements RunListener, AutoCloseable {
    private final LineLog log;

    RunFile(Path file, long done) {
        this.log = LineLog.open(file, done);
    }

    private static Map<String, Object> event(String name, long step) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("event", name);
        m.put("step", step);
        return m;
    }

    @Override
    public void begin(Recipe recipe, long parameters, long done, List<String> notes) {
        Map<String, Object> m = event("begin", done);
        m.put("steps", recipe.steps());
        m.put("parameters", parameters);
        m.put("seed", recipe.seed());
        m.put("recipe", recipe.tree());
        m.put("every", every(recipe));
        m.put("notes", notes);
        m.put("time", System.currentTimeMillis() / 1000.0);
        log.add(m);
    }

    /** Steps between what comes now and then, defaults filled in, so that a page can say what is next. */
    private static Map<String, Object> every(Recipe r) {
        Map<String, Object> every = new LinkedHashMap<>();
        if (r.data().containsKey("valid")) {
            every.put("valid", r.validEvery());
        }
        if (!r.samples().prompts().isEmpty()) {
            every.put("sample", r.samples().every());
        }
        every.put("checkpoint", r.checkpointEvery());
        if (r.snapshotsEvery() > 0) {
            every.put("snapshot", r.snapshotsEvery());
        }
        return every;
    }

    @Override
    public void step(Trainer.Step s, double tokensPerSecond, Map<String, Trainer.Norms> norms) {
        Map<String, Object> m = event("step", s.step());
        m.put("loss", s.loss());
        m.put("grad_norm", s.gradientNorm());
        m.put("lr", s.rate());
        m.put("tokens_per_s", tokensPerSecond);
        m.put("counted", s.counted());
        m.put("time", System.currentTimeMillis() / 1000.0);
        if (!norms.isEmpty()) {
            Map<String, Object> parts = new LinkedHashMap<>();
            norms.forEach((part, n) -> {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("grad", n.gradient());
                one.put("weight", n.weight());
                one.put("update", n.update());
                parts.put(part, one);
            });
            m.put("norms", parts);
        }
        log.add(m);
    }

    @Override
    public void valid(long step, double loss, Map<String, Double> right) {
        Map<String, Object> m = event("valid", step);
        m.put("loss", loss);
        m.put("accuracy", right);
        log.add(m);
    }

    @Override
    public void sample(long step, String prompt, String text) {
        Map<String, Object> m = event("sample", step);
        m.put("prompt", prompt);
        m.put("text", text);
        log.add(m);
    }

    @Override
    public void checkpoint(long step, Path directory, boolean best) {
        Map<String, Object> m = event("checkpoint", step);
        m.put("directory", directory.getFileName() + "");
        m.put("best", best);
        log.add(m);
    }

    @Override
    public void snapshot(long step, Path directory) {
        Map<String, Object> m = event("snapshot", step);
        m.put("directory", directory.getFileName() + "");
        log.add(m);
    }

    @Override
    public void end(long step, Path out, double seconds) {
        Map<String, Object> m = event("end", step);
        m.put("seconds", seconds);
        log.add(m);
        log.force();
    }

    void force() {
        log.force();
    }

    @Override
    public void close() {
        log.close();
    }
}
