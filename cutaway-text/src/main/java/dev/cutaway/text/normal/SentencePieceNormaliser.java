package dev.cutaway.text.normal;

import dev.cutaway.text.subword.Trie;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * SentencePiece's own normalisation (its {@code normalizer.cc}): the longest replacement of the charsmap at each place, user-defined
 * symbols left alone, runs of spaces made one, spaces written as U+2581, one put before (or after) the text.
 *
 * @param map replacements, if any
 * @param userDefined symbols that are never changed
 * @param dummyPrefix a space before the text
 * @param removeExtraSpaces spaces at the ends are dropped, and runs become one
 * @param escapeSpaces spaces become U+2581
 * @param suffix the dummy space goes after the text
 */
public record SentencePieceNormaliser(
        Optional<Charsmap> map,
        Trie userDefined,
        boolean dummyPrefix,
        boolean removeExtraSpaces,
        boolean escapeSpaces,
        boolean suffix)
        implements Normaliser {
    @Override
    public AlignedText apply(AlignedText text) {
        return text.isEmpty() ? text : new Run(text).apply();
    }

    @Override
    public String describe() {
        return "SentencePiece" + (map.isPresent() ? " with a precompiled charsmap" : "");
    }

    /** One text on its way. */
    private final class Run {
        private final AlignedText text;
        private final byte[] utf8;
        private final int[] unitAt; // of each byte; one more for the end
        private final Rewriter out;
        private int position; // in utf8
        private int used; // bytes that the prefix last looked at takes
        private String replaced = "";

        Run(AlignedText text) {
            this.text = text;
            this.utf8 = text.text().getBytes(StandardCharsets.UTF_8);
            this.unitAt = new int[utf8.length + 1];
            this.out = new Rewriter(text);
            int unit = 0;
            for (int i = 0; i < utf8.length; i++) {
                if ((utf8[i] & 0xC0) != 0x80 && i > 0) {
                    unit += Character.charCount(text.text().codePointAt(unit));
                }
                unitAt[i] = unit;
            }
            unitAt[utf8.length] = text.length();
        }

        private int originalAt(int bytePosition) {
            int unit = unitAt[bytePosition];
            return unit < text.length() ? text.start()[unit] : text.end()[text.length() - 1];
        }

        AlignedText apply() {
            if (removeExtraSpaces) {
                while (position < utf8.length && look().equals(" ")) {
                    position += used;
                }
                if (position == utf8.length) {
                    return new AlignedText("", new int[0], new int[0], text.base());
                }
            }
            int space = escapeSpaces ? 0x2581 : ' ';
            if (!suffix && dummyPrefix) {
                out.put(space, originalAt(position), originalAt(position));
            }
            body(space);
            AlignedText done = out.done();
            int end = originalAt(utf8.length);
            if (removeExtraSpaces) {
                int n = done.length();
                while (n > 0 && done.text().charAt(n - 1) == space) {
                    n--;
                }
                end = n < done.length() ? done.start()[n] : end;
                done = done.slice(0, n);
            }
            return suffix && dummyPrefix ? appended(done, space, end) : done;
        }

        private static AlignedText appended(AlignedText done, int space, int end) {
            Rewriter more = new Rewriter(done);
            more.keepTo(done.length());
            more.put(space, end, end);
            return more.done();
        }

        private void body(int space) {
            boolean afterSpace = removeExtraSpaces;
            while (position < utf8.length) {
                String piece = look();
                int from = 0;
                while (afterSpace && from < piece.length() && piece.charAt(from) == ' ') {
                    from++;
                }
                int start = originalAt(position);
                int end = originalEnd(position + used);
                boolean unchanged = text.text().startsWith(piece, unitAt[position])
                        && unitAt[position + used] == unitAt[position] + piece.length();
                for (int at = from; at < piece.length(); ) {
                    int c = piece.codePointAt(at);
                    int unit = unitAt[position] + at;
                    out.put(
                            c == ' ' ? space : c,
                            unchanged ? text.start()[unit] : start,
                            unchanged ? text.end()[unit] : end);
                    at += Character.charCount(c);
                }
                if (from < piece.length()) {
                    afterSpace = piece.charAt(piece.length() - 1) == ' ';
                }
                position += used;
                afterSpace &= removeExtraSpaces;
            }
        }

        private int originalEnd(int bytePosition) {
            int unit = unitAt[bytePosition];
            return unit > 0 ? text.end()[unit - 1] : text.base();
        }

        /** What the next bytes become; {@link #used} says how many. */
        private String look() {
            int unit = unitAt[position];
            int known = userDefined.longest(text.text(), unit, text.length());
            if (known > 0) {
                replaced = text.text().substring(unit, unit + known);
                used = replaced.getBytes(StandardCharsets.UTF_8).length;
            } else if (map.isEmpty()
                    || !map.get().longest(utf8, position, (n, s) -> {
                        used = n;
                        replaced = s;
                    })) {
                replaced = Character.toString(text.text().codePointAt(unit));
                used = replaced.getBytes(StandardCharsets.UTF_8).length;
            }
            return replaced;
        }
    }
}
