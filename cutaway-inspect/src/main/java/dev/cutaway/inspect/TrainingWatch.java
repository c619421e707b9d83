package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.tensor.CutawayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Follows a training run by the files that it writes, finished or not, in this process or another, and tells the pages that watch. While
 * none does, nothing is read and no thread runs: training is as fast as without.
 */
public final class TrainingWatch implements AutoCloseable {
    private static final long PAUSE = 400; // milliseconds
    private static final long LARGEST_MARK = 1 << 22;

    private final Path directory;
    private final RunLog log;
    private final List<Watcher> watchers = new ArrayList<>();
    private List<RunSaved> saved = List.of();
    private boolean running;
    private boolean closed;

    TrainingWatch(Path directory) {
        this.directory = directory;
        this.log = new RunLog(directory.resolve("run.jsonl"));
    }

    /** A page, and what it has been told. */
    private static final class Watcher {
        private final Outbox outbox;
        private long generation = -1;
        private long changed = -1;
        private int shape = -1;
        private long width = 1;
        private long lastStep = -1;
        private long nextRow;
        private long nextColumn;
        private List<RunSaved> saved = List.of();
        private boolean told;

        Watcher(Outbox outbox) {
            this.outbox = outbox;
        }
    }

    /** Tells a page all that is known, and from now on what is new, until its outbox is closed. */
    synchronized void follow(Outbox outbox) {
        if (closed) {
            return;
        }
        watchers.add(new Watcher(outbox));
        if (!running) {
            running = true;
            Thread.ofPlatform().name("inspector training").daemon().start(this::run);
        }
        notifyAll();
    }

    private synchronized void run() {
        try {
            while (!closed) {
                watchers.removeIf(w -> w.outbox.closed());
                if (watchers.isEmpty()) {
                    break;
                }
                log.poll();
                saved = RunSaved.in(directory);
                watchers.forEach(this::tell);
                wait(PAUSE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            running = false;
        }
    }

    private void tell(Watcher w) {
        ObjectNode m = Wire.object().put("event", "run");
        boolean all = !w.told || w.generation != log.generation();
        long width = RunRows.width(Math.max(log.begin().path("steps").asLong(0), lastStep()));
        boolean rowsAgain = all || width != w.width;
        boolean normsAgain = all || log.norms().shape() != w.shape;
        long nextRow = rowsAgain ? 0 : w.nextRow;
        long nextColumn = normsAgain ? 0 : w.nextColumn;
        boolean newRows = rowsAgain || lastStep() != w.lastStep;
        if (newRows) {
            m.put("from", nextRow).put("width", width).put("stride", log.rows().stride());
            m.set("rows", log.rows().sent(nextRow, width));
        }
        if (normsAgain || newRows) {
            m.set("norms", log.norms().sent(nextColumn));
        }
        boolean other = all || w.changed != log.changed();
        if (other) {
            about(m);
        }
        boolean savedAgain = !w.told || !saved.equals(w.saved);
        if (savedAgain) {
            ArrayNode list = m.putArray("saved");
            saved.forEach(s -> list.addObject()
                    .put("step", s.step())
                    .put("name", s.name())
                    .put("kind", s.kind())
                    .put("result", s.result()));
        }
        if (m.size() == 1 || !w.outbox.offer(Wire.text(m))) {
            return; // nothing is new, or the page is behind and is told at the next turn
        }
        w.told = true;
        w.generation = log.generation();
        w.changed = log.changed();
        w.shape = log.norms().shape();
        w.width = width;
        w.lastStep = lastStep();
        // The last run of steps, and the last column, may still grow: they are sent again.
        w.nextRow = width == 1 ? lastStep() + 1 : lastStep() / width * width;
        w.nextColumn = log.norms().last();
        w.saved = saved;
    }

    private long lastStep() {
        RunRows rows = log.rows();
        return rows.count() == 0 ? 0 : rows.step(rows.count() - 1);
    }

    private void about(ObjectNode m) {
        ObjectNode about = m.putObject("about");
        about.put("directory", directory.toString()).put("recipe", recipe());
        about.set("begin", log.begin());
        about.set("end", log.end());
        about.put("complaint", log.complaint());
        ArrayNode valid = about.putArray("valid");
        for (RunLog.Valid v : log.valid()) {
            ArrayNode row = valid.addArray().add(v.step());
            Wire.add(row, v.loss());
            if (!v.right().isEmpty()) {
                row.add(Wire.tree(v.right()));
            }
        }
        about.set("samples", Wire.tree(log.samples()));
        about.put("omitted", log.omitted());
    }

    /** What the recipe's file was called; empty if nobody wrote it down. */
    private String recipe() {
        Path mark = directory.resolve("run.json");
        try {
            if (Files.size(mark) <= LARGEST_MARK) {
                JsonNode said = Wire.parse(Files.readString(mark)).path("recipe");
                return said.isTextual() ? said.asText() : "";
            }
        } catch (IOException | CutawayException e) {
            // a run of which only the log is left
        }
        return "";
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
    }
}
