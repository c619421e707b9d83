package dev.cutaway.text.load;

import dev.cutaway.text.split.Matcher;
import dev.cutaway.text.split.Regex;

/** A {@code pattern} of a {@code tokenizer.json}: {@code {"String": ...}} or {@code {"Regex": ...}}. */
final class Patterns {
    private Patterns() {}

    static Matcher read(Json pattern, boolean handWritten) {
        if (pattern.isText()) {
            return Regex.literal(pattern.text(), pattern.where());
        }
        if (pattern.get("String").present()) {
            return Regex.literal(pattern.text("String"), pattern.where());
        }
        if (pattern.get("Regex").present()) {
            String source = pattern.text("Regex");
            return handWritten ? Regex.best(source, pattern.where()) : Regex.of(source, pattern.where());
        }
        throw pattern.wrong("{\"String\": ...} or {\"Regex\": ...}");
    }
}
