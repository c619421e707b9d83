package dev.cutaway.train.run;

import java.util.List;

/**
 * One key of a recipe.
 *
 * @param path dotted
 * @param kind what its value is
 * @param otherwise the value if it is not there, as a recipe would say it; empty for none
 * @param doc one line
 * @param choices the words that it may be; empty if it may be any
 * @param min least number
 * @param max largest number
 * @param later whether a run may go on when it has changed
 */
record Key(
        String path,
        Kind kind,
        String otherwise,
        String doc,
        List<String> choices,
        double min,
        double max,
        boolean later) {
    /** What a value is. */
    enum Kind {
        TEXT("text"),
        WHOLE("whole number"),
        REAL("number"),
        FLAG("true or false"),
        TEXTS("list of texts"),
        REALS("list of numbers"),
        /** A map whose keys somebody else reads. */
        OPEN("map");

        private final String shown;

        Kind(String shown) {
            this.shown = shown;
        }

        String shown() {
            return shown;
        }
    }

    static Key text(String path, String otherwise, String doc) {
        return new Key(path, Kind.TEXT, otherwise, doc, List.of(), 0, 0, false);
    }

    static Key choice(String path, String otherwise, String doc, String... choices) {
        return new Key(path, Kind.TEXT, otherwise, doc, List.of(choices), 0, 0, false);
    }

    static Key whole(String path, String otherwise, long min, long max, String doc) {
        return new Key(path, Kind.WHOLE, otherwise, doc, List.of(), min, max, false);
    }

    static Key real(String path, String otherwise, double min, double max, String doc) {
        return new Key(path, Kind.REAL, otherwise, doc, List.of(), min, max, false);
    }

    static Key flag(String path, String otherwise, String doc) {
        return new Key(path, Kind.FLAG, otherwise, doc, List.of(), 0, 0, false);
    }

    static Key texts(String path, String doc) {
        return new Key(path, Kind.TEXTS, "", doc, List.of(), 0, 0, false);
    }

    static Key reals(String path, String otherwise, double min, double max, String doc) {
        return new Key(path, Kind.REALS, otherwise, doc, List.of(), min, max, false);
    }

    static Key open(String path, String doc) {
        return new Key(path, Kind.OPEN, "", doc, List.of(), 0, 0, false);
    }

    /** The same, and a run may go on when it has changed. */
    Key free() {
        return new Key(path, kind, otherwise, doc, choices, min, max, true);
    }
}
