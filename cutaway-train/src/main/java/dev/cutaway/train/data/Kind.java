package dev.cutaway.train.data;

import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Kinds of data, each called by the key that names its files. */
enum Kind {
    BATCHES,
    CHAT,
    SENTENCES,
    PAIRS,
    LABELLED,
    CAPTIONS,
    IMAGES,
    TEXT; // last: data.labelled has a key text too

    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The kind that a map is of, if it names files. */
    static Optional<Kind> find(Map<String, Object> data) {
        return Arrays.stream(values()).filter(k -> data.get(k.key()) != null).findFirst();
    }

    /**
     * The kind that a map is of.
     *
     * @param where what to call the map
     */
    static Kind of(String where, Map<String, Object> data) {
        Optional<Kind> kind = find(data);
        if (kind.isPresent()) {
            return kind.get();
        }
        List<String> all = Arrays.stream(values()).map(Kind::key).toList();
        List<String> given = new ArrayList<>(data.keySet());
        given.remove("dir");
        String hint = given.isEmpty()
                ? ""
                : "; instead of " + given.getFirst() + " did you mean " + Nearest.of(given.getFirst(), all) + "?";
        throw new UsageException(
                where + ": names no files" + hint + " (one of the keys " + String.join(", ", all) + " must be there)");
    }
}
