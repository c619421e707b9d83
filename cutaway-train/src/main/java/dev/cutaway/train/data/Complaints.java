package dev.cutaway.train.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What was left out of the data: all of it counted, the first few named. */
final class Complaints {
    private static final int NAMED = 5;

    private final List<String> first = new ArrayList<>();
    private final Map<String, Long> notes = new LinkedHashMap<>();
    private long count;

    /** A line that is left out. */
    void add(Path file, long line, String reason) {
        add(file + ", line " + line + ": " + reason);
    }

    /** Something that is left out. */
    void add(String what) {
        count++;
        if (first.size() < NAMED) {
            first.add(what);
        }
    }

    /** Something that was mended and is worth a count. */
    void note(String what) {
        notes.merge(what, 1L, Long::sum);
    }

    Optional<String> firstOne() {
        return first.stream().findFirst();
    }

    List<String> list() {
        List<String> out = new ArrayList<>(first);
        if (count > first.size()) {
            out.add("and " + (count - first.size()) + " more, " + count + " in all");
        }
        notes.forEach((what, n) -> out.add(n + " " + what));
        return out;
    }
}
