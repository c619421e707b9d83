package dev.cutaway.text.normal;

import dev.cutaway.text.split.UnicodeDifferences;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Unicode's normal forms with alignment.
 *
 * <p>{@link Normalizer} knows the decompositions but not what came from where, so the standard's algorithm (Unicode Standard
 * Annex 15) runs here over pairs of a character and a change, as in the crate {@code unicode-normalization-alignments} that
 * Hugging Face's library uses: decompose each character, order combining marks by class, compose again for NFC and NFKC. A
 * change of 0 replaces a character of the old text, +1 is one more than there was, -n swallows the n after it. Text that is
 * normal already, which is nearly all text, is recognised first and left alone.
 */
public enum UnicodeForm implements Normaliser {
    NFC(Normalizer.Form.NFC, Normalizer.Form.NFD, true, 0x300),
    NFD(Normalizer.Form.NFD, Normalizer.Form.NFD, false, 0xC0),
    NFKC(Normalizer.Form.NFKC, Normalizer.Form.NFKD, true, 0xA0),
    NFKD(Normalizer.Form.NFKD, Normalizer.Form.NFKD, false, 0xA0);

    private static final int LONGEST_RUN = 200;

    private final Normalizer.Form form;
    private final Normalizer.Form decomposition;
    private final boolean composes;
    private final int safeBelow;

    UnicodeForm(Normalizer.Form form, Normalizer.Form decomposition, boolean composes, int safeBelow) {
        this.form = form;
        this.decomposition = decomposition;
        this.composes = composes;
        this.safeBelow = safeBelow;
    }

    @Override
    public AlignedText apply(AlignedText text) {
        if (plain(text.text()) || (!hasLongRun(text.text()) && Normalizer.isNormalized(text.text(), form))) {
            return text;
        }
        Changes changes = decompose(text.text());
        if (composes) {
            changes = compose(changes);
        }
        Rewriter out = new Rewriter(text);
        for (int i = 0; i < changes.count; i++) {
            int change = changes.change[i];
            if (change > 0) {
                out.insert(changes.code[i]);
            } else {
                out.replace(changes.code[i]);
                out.skip(-change);
            }
        }
        return out.done();
    }

    /** Whether there are so many combining marks in a row that the JDK, which inserts each in its place, would be slow. */
    private static boolean hasLongRun(String s) {
        int run = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            boolean mark = c >= 0x300 && (Character.isSurrogate(c) || CombiningClass.of(c) != 0);
            run = mark ? run + 1 : 0;
            if (run > LONGEST_RUN) {
                return true;
            }
        }
        return false;
    }

    private boolean plain(String s) {
        for (int i = 0; i < s.length(); i++) {
            if (s.charAt(i) >= safeBelow) {
                return false;
            }
        }
        return true;
    }

    /** Characters with their changes. */
    private static final class Changes {
        private int[] code;
        private int[] change;
        private int count;

        Changes(int room) {
            code = new int[room];
            change = new int[room];
        }

        void add(int c, int d) {
            if (count == code.length) {
                code = Arrays.copyOf(code, 2 * count + 8);
                change = Arrays.copyOf(change, 2 * count + 8);
            }
            code[count] = c;
            change[count++] = d;
        }
    }

    private Changes decompose(String text) {
        Changes out = new Changes(text.length() + 16);
        Map<Integer, int[]> known = new HashMap<>();
        int ordered = 0; // the start of the run of marks that is being collected
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            int[] parts = known.computeIfAbsent(c, this::decomposition);
            for (int i = 0; i < parts.length; i++) {
                if (CombiningClass.of(parts[i]) == 0) {
                    order(out, ordered);
                    out.add(parts[i], i == 0 ? 0 : 1);
                    ordered = out.count;
                } else {
                    out.add(parts[i], i == 0 ? 0 : 1);
                }
            }
        }
        order(out, ordered);
        return out;
    }

    private int[] decomposition(int c) {
        if (c < safeBelow || UnicodeDifferences.keeps(c, decomposition)) {
            return new int[] {c};
        }
        return Normalizer.normalize(Character.toString(c), decomposition)
                .codePoints()
                .toArray();
    }

    /** Sorts the marks from {@code from} to the end by class; equal classes keep their order. */
    private static void order(Changes c, int from) {
        int n = c.count - from;
        if (n < 2) {
            return;
        }
        long[] keys = new long[n];
        for (int i = 0; i < n; i++) {
            keys[i] = (long) CombiningClass.of(c.code[from + i]) << 32 | i;
        }
        Arrays.sort(keys);
        int[] code = Arrays.copyOfRange(c.code, from, c.count);
        int[] change = Arrays.copyOfRange(c.change, from, c.count);
        for (int i = 0; i < n; i++) {
            c.code[from + i] = code[(int) keys[i]];
            c.change[from + i] = change[(int) keys[i]];
        }
    }

    private static Changes compose(Changes in) {
        Changes out = new Changes(in.count + 16);
        int starter = -1; // where in out the last starter stands
        int last = 0; // class of the last mark after it that stayed
        for (int i = 0; i < in.count; i++) {
            int c = in.code[i];
            int kind = CombiningClass.of(c);
            boolean adjacent = starter >= 0 && starter == out.count - 1;
            boolean reaches = starter >= 0 && (adjacent || last < kind);
            int composed = reaches ? composition(out.code[starter], c) : -1;
            if (composed >= 0) {
                out.code[starter] = composed;
                out.change[starter] += in.change[i] - 1;
                continue;
            }
            out.add(c, in.change[i]);
            if (kind == 0) {
                starter = out.count - 1;
                last = 0;
            } else {
                last = kind;
            }
        }
        return out;
    }

    /** The character that two compose to, or -1. */
    private static int composition(int a, int b) {
        if (b < 0x300) {
            return -1;
        }
        String pair = Character.toString(a) + Character.toString(b);
        String joined = Normalizer.normalize(pair, Normalizer.Form.NFC);
        if (joined.codePointCount(0, joined.length()) != 1) {
            return -1;
        }
        int c = joined.codePointAt(0);
        return UnicodeDifferences.keeps(c, Normalizer.Form.NFD) ? -1 : c;
    }

    @Override
    public String describe() {
        return name();
    }
}
