package dev.cutaway.text.split;

import dev.cutaway.text.normal.AlignedText;
import java.util.Arrays;

/** Writes the text of a {@link Cut} anew, piece by piece, keeping the alignment. */
final class Assembler {
    private final Cut old;
    private char[] text;
    private int[] start;
    private int[] end;
    private int n;
    private int begin;
    private int[] bounds;
    private int pieces;

    Assembler(Cut old) {
        this.old = old;
        int room = old.text().length() + old.count() + 16;
        text = new char[room];
        start = new int[room];
        end = new int[room];
        bounds = new int[2 * old.count() + 2];
    }

    void begin() {
        begin = n;
    }

    void end() {
        bounds[2 * pieces] = begin;
        bounds[2 * pieces + 1] = n;
        pieces++;
    }

    void put(char c, int from, int to) {
        if (n == text.length) {
            text = Arrays.copyOf(text, 2 * n);
            start = Arrays.copyOf(start, 2 * n);
            end = Arrays.copyOf(end, 2 * n);
        }
        text[n] = c;
        start[n] = from;
        end[n++] = to;
    }

    void copy(int from, int to) {
        AlignedText t = old.text();
        for (int i = from; i < to; i++) {
            put(t.text().charAt(i), t.start()[i], t.end()[i]);
        }
    }

    Cut done() {
        AlignedText whole = new AlignedText(
                new String(text, 0, n),
                Arrays.copyOf(start, n),
                Arrays.copyOf(end, n),
                old.text().base());
        Cut cut = Cut.empty(whole, pieces);
        for (int i = 0; i < pieces; i++) {
            cut.add(bounds[2 * i], bounds[2 * i + 1]);
        }
        return cut;
    }
}
