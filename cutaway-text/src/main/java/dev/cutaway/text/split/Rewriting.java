package dev.cutaway.text.split;

/** Replacing what a {@link Matcher} finds. */
public final class Rewriting {
    private Rewriting() {}

    /** {@code text} with every match replaced by {@code content}. */
    public static String replace(String text, Matcher pattern, String content) {
        StringBuilder out = new StringBuilder(text.length());
        Matches matches = new Matches(0);
        pattern.find(text, 0, text.length(), matches);
        matches.gapTo(text.length());
        matches.forEach((from, to, matched) -> out.append(matched ? content : text.substring(from, to)));
        return out.toString();
    }
}
