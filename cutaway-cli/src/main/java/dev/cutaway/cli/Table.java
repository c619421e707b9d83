package dev.cutaway.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns of text: the first two to the left, the others, which are numbers, to the right. */
final class Table {
    private static final int LEFT = 2;

    private final List<String[]> rows = new ArrayList<>();

    Table(String... heads) {
        rows.add(heads);
    }

    void row(String... cells) {
        rows.add(cells);
    }

    /** Prints the table with every column to the left and without heads. */
    void printLeft(Out out) {
        rows.removeFirst();
        print(out, Integer.MAX_VALUE);
    }

    void print(Out out) {
        print(out, LEFT);
    }

    private void print(Out out, int left) {
        if (rows.isEmpty()) {
            return;
        }
        int columns = rows.getFirst().length;
        int[] widths = new int[columns];
        for (String[] row : rows) {
            for (int c = 0; c < columns; c++) {
                widths[c] = Math.max(widths[c], row[c].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int c = 0; c < columns; c++) {
                String pad = " ".repeat(widths[c] - row[c].length());
                line.append(c == 0 ? "" : "  ").append(c < left ? row[c] + pad : pad + row[c]);
            }
            out.line(line.toString().stripTrailing());
        }
    }
}
