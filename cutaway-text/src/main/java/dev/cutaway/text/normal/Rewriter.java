package dev.cutaway.text.normal;

import java.util.Arrays;

/**
 * Builds a new {@link AlignedText} from an old one, character by character, keeping the alignment.
 *
 * <p>A cursor walks over the old text. {@link #replace} puts out a character in place of the one under the cursor,
 * {@link #insert} puts out one that has none of its own and so shares the bounds of the character before the cursor, and
 * {@link #skip} drops characters. This is the rule of Hugging Face's {@code NormalizedString::transform}.
 */
public final class Rewriter {
    private final AlignedText old;
    private final StringBuilder text;
    private int[] start;
    private int[] end;
    private int cursor;

    /** Starts at the beginning of {@code old}. */
    public Rewriter(AlignedText old) {
        this.old = old;
        this.text = new StringBuilder(old.length() + 8);
        this.start = new int[old.length() + 8];
        this.end = new int[old.length() + 8];
    }

    /** Position in the old text, in UTF-16 units. */
    public int cursor() {
        return cursor;
    }

    /** Puts out {@code codePoint} in place of the character under the cursor; past the end it is an insertion. */
    public void replace(int codePoint) {
        if (cursor >= old.length()) {
            insert(codePoint);
            return;
        }
        put(codePoint, old.start()[cursor], old.end()[cursor]);
        skip(1);
    }

    /** Puts out {@code codePoint}, which nothing in the old text stands for. */
    public void insert(int codePoint) {
        if (cursor == 0) {
            put(codePoint, old.base(), old.base());
        } else {
            put(codePoint, old.start()[cursor - 1], old.end()[cursor - 1]);
        }
    }

    /** Puts out {@code codePoint} with bounds of its own. */
    public void put(int codePoint, int from, int to) {
        int n = text.length();
        text.appendCodePoint(codePoint);
        if (text.length() > start.length) {
            start = Arrays.copyOf(start, text.length() * 2);
            end = Arrays.copyOf(end, text.length() * 2);
        }
        for (int i = n; i < text.length(); i++) {
            start[i] = from;
            end[i] = to;
        }
    }

    /** Keeps the character under the cursor. */
    public void keep() {
        replace(old.text().codePointAt(cursor));
    }

    /** Keeps everything up to UTF-16 unit {@code to} of the old text. */
    public void keepTo(int to) {
        while (cursor < to) {
            keep();
        }
    }

    /** Drops {@code count} characters. */
    public void skip(int count) {
        for (int i = 0; i < count && cursor < old.length(); i++) {
            cursor += Character.charCount(old.text().codePointAt(cursor));
        }
    }

    /** Moves the cursor to UTF-16 unit {@code to} of the old text, dropping what lies between. */
    public void skipTo(int to) {
        cursor = to;
    }

    /** UTF-16 units put out so far. */
    public int length() {
        return text.length();
    }

    /** The new text. */
    public AlignedText done() {
        int n = text.length();
        return new AlignedText(text.toString(), Arrays.copyOf(start, n), Arrays.copyOf(end, n), old.base());
    }
}
