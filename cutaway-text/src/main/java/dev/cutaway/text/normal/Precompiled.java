package dev.cutaway.text.normal;

import java.text.BreakIterator;
import java.util.Locale;

/**
 * A {@link Charsmap} applied as Hugging Face's library does it: each short grapheme cluster is looked up whole (and the
 * replacement of its shortest known prefix stands for all of it), else each of its characters.
 */
public record Precompiled(Charsmap map) implements Normaliser {
    private static final String NONE = "\uD800"; // never a replacement, since those are valid UTF-8

    @Override
    public AlignedText apply(AlignedText text) {
        String s = text.text();
        Rewriter out = new Rewriter(text);
        BreakIterator clusters = BreakIterator.getCharacterInstance(Locale.ROOT);
        clusters.setText(s);
        int from = clusters.first();
        for (int to = clusters.next(); to != BreakIterator.DONE; from = to, to = clusters.next()) {
            if (!replaced(s, from, to, out)) {
                for (int at = from; at < to; ) {
                    int end = at + Character.charCount(s.codePointAt(at));
                    if (!replaced(s, at, end, out)) {
                        out.keep();
                    }
                    at = end;
                }
            }
        }
        return out.done();
    }

    private boolean replaced(String s, int from, int to, Rewriter out) {
        String chunk = s.substring(from, to);
        if (utf8Length(chunk) >= 6) {
            return false;
        }
        String replacement = map.first(chunk, NONE);
        if (replacement.equals(NONE)) {
            return false;
        }
        int old = chunk.codePointCount(0, chunk.length());
        int[] now = replacement.codePoints().toArray();
        for (int i = 0; i < now.length; i++) {
            if (i < old) {
                out.replace(now[i]);
            } else {
                out.insert(now[i]);
            }
        }
        out.skipTo(to);
        return true;
    }

    private static int utf8Length(String s) {
        int n = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            n += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return n;
    }

    @Override
    public String describe() {
        return "Precompiled";
    }
}
