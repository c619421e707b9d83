package dev.cutaway.model.arch;

import dev.cutaway.model.Config;
import java.util.ArrayList;
import java.util.List;

/** Names of a classifier's classes. */
public final class Labels {
    private Labels() {}

    /** How many classes there are: {@code num_labels}, or the names given; 2 by default, as in transformers. */
    static int count(Config c) {
        int named = c.inner("id2label").map(m -> m.values().size()).orElse(2);
        return c.positive("num_labels", named);
    }

    /** The classes' names in order; {@code LABEL_i} where none is given. */
    public static List<String> of(Config c, int classes) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < classes; i++) {
            String key = Integer.toString(i);
            names.add(c.inner("id2label").map(m -> m.text(key, "LABEL_" + key)).orElse("LABEL_" + key));
        }
        return names;
    }
}
