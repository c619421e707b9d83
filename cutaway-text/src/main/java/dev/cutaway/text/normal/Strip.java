package dev.cutaway.text.normal;

import dev.cutaway.text.split.CharClass;

/** Drops white space at the ends. */
public record Strip(boolean left, boolean right) implements Normaliser {
    @Override
    public AlignedText apply(AlignedText text) {
        int from = 0;
        int to = text.length();
        while (left && from < to && CharClass.isSpace(text.text().charAt(from))) {
            from++;
        }
        while (right && to > from && CharClass.isSpace(text.text().charAt(to - 1))) {
            to--;
        }
        return text.slice(from, to);
    }

    @Override
    public String describe() {
        return "Strip";
    }
}
