package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.Arrays;
import java.util.TreeSet;

/**
 * The numbers of each step, in order. What is sent to a page is thinned: the steps are cut into runs of equal length, and of
 * each run those steps stay that a drawing shows, the first, the last, and where loss and gradient are least and
 * greatest. Nothing is averaged: whatever is sent is a line of the file.
 */
final class RunRows {
    /** step, loss, norm of the gradient, learning rate, tokens a second, time. */
    static final int COLUMNS = 6;

    private static final int LOSS = 1;
    private static final int GRADIENT = 2;
    private static final int TIME = 5;
    private static final int MOST_SENT = 4_000;
    private static final int PER_RUN = 6;
    private static final int MOST_KEPT = 1 << 20;

    private double[] values = new double[COLUMNS * 1024];
    private int count;
    private long seen;
    private long stride = 1;

    int count() {
        return count;
    }

    /** Every how many of the lines one is kept: 1, until there are more than a million. */
    long stride() {
        return stride;
    }

    long step(int row) {
        return (long) values[row * COLUMNS];
    }

    double time(int row) {
        return values[row * COLUMNS + TIME];
    }

    void clear() {
        count = 0;
        seen = 0;
        stride = 1;
    }

    void add(double... row) {
        if (seen++ % stride != 0) {
            return;
        }
        if (count == MOST_KEPT) {
            for (int i = 0; 2 * i < count; i++) {
                System.arraycopy(values, 2 * i * COLUMNS, values, i * COLUMNS, COLUMNS);
            }
            count = (count + 1) / 2;
            stride *= 2;
        }
        if ((count + 1) * COLUMNS > values.length) {
            values = Arrays.copyOf(values, 2 * values.length);
        }
        System.arraycopy(row, 0, values, count * COLUMNS, COLUMNS);
        count++;
    }

    /** Forgets all steps beyond one. */
    void cut(long last) {
        count = from(last + 1);
    }

    /** The first row of a step or a later one. */
    private int from(long step) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (step(middle) < step) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** How many steps a run of so many is thinned by; 1 if all are sent. */
    static long width(long steps) {
        return steps <= MOST_SENT ? 1 : Math.ceilDiv(steps, MOST_SENT / PER_RUN);
    }

    /** The rows of a step and all later ones, thinned. */
    ArrayNode sent(long from, long width) {
        ArrayNode out = Wire.array();
        int row = from(from);
        while (row < count) {
            long end = (step(row) / width + 1) * width;
            int next = row;
            TreeSet<Integer> shown = new TreeSet<>();
            int[] extremes = {row, row, row, row};
            for (; next < count && step(next) < end; next++) {
                extremes[0] = more(next, extremes[0], LOSS, -1);
                extremes[1] = more(next, extremes[1], LOSS, 1);
                extremes[2] = more(next, extremes[2], GRADIENT, -1);
                extremes[3] = more(next, extremes[3], GRADIENT, 1);
            }
            shown.add(row);
            shown.add(next - 1);
            Arrays.stream(extremes).forEach(shown::add);
            shown.forEach(i -> send(out.addArray(), i));
            row = next;
        }
        return out;
    }

    private int more(int a, int b, int column, int sign) {
        double x = sign * values[a * COLUMNS + column];
        double y = sign * values[b * COLUMNS + column];
        return x > y || Double.isNaN(y) ? a : b;
    }

    private void send(ArrayNode to, int row) {
        for (int c = 0; c < COLUMNS; c++) {
            Wire.add(to, values[row * COLUMNS + c]);
        }
    }
}
