package dev.cutaway.text.train;

import java.util.Arrays;

/** All ways to write one word as pieces; its arrays are used again for the next. For one thread. */
final class Lattice {
    private static final double TOO_SMALL = 1e-280;

    private final PieceTrie trie;
    private int[] from = new int[256];
    private int[] to = new int[256];
    private int[] piece = new int[256];
    private int edges;
    private int length;
    private double[] ahead = new double[64]; // sums over the ways from the beginning to each place
    private double[] behind = new double[64]; // and from there to the end
    private int[] best = new int[64]; // the last edge of the best way to each place

    Lattice(PieceTrie trie) {
        this.trie = trie;
    }

    /** Finds the pieces in symbols {@code [begin, begin + n)}; where none is just the symbol, the unknown one is put. */
    void read(int[] symbols, int begin, int n) {
        length = n;
        edges = 0;
        if (n >= ahead.length) {
            ahead = new double[2 * n];
            behind = new double[2 * n];
            best = new int[2 * n];
        }
        for (int i = 0; i < n; i++) {
            int node = trie.first(symbols[begin + i]);
            boolean single = false;
            for (int end = i + 1; node >= 0; end++) {
                int p = trie.piece(node);
                if (p >= 0) {
                    edge(i, end, p);
                    single |= end == i + 1;
                }
                if (end == n) {
                    break;
                }
                node = trie.next(node, symbols[begin + end]);
            }
            if (!single) {
                edge(i, i + 1, 0);
            }
        }
    }

    private void edge(int i, int end, int p) {
        if (edges == from.length) {
            from = Arrays.copyOf(from, 2 * edges);
            to = Arrays.copyOf(to, 2 * edges);
            piece = Arrays.copyOf(piece, 2 * edges);
        }
        from[edges] = i;
        to[edges] = end;
        piece[edges++] = p;
    }

    /** Adds to {@code expected}, for each piece, how often it is to be expected in {@code times} such words. */
    void expect(double times, double[] expected) {
        Arrays.fill(ahead, 0, length + 1, 0);
        Arrays.fill(behind, 0, length + 1, 0);
        ahead[0] = 1;
        behind[length] = 1;
        for (int e = 0; e < edges; e++) {
            ahead[to[e]] += ahead[from[e]] * trie.probability(piece[e]);
        }
        if (ahead[length] < TOO_SMALL) {
            expectByLogarithms(times, expected);
            return;
        }
        for (int e = edges - 1; e >= 0; e--) {
            behind[from[e]] += trie.probability(piece[e]) * behind[to[e]];
        }
        double share = times / ahead[length];
        for (int e = 0; e < edges; e++) {
            expected[piece[e]] += share * (ahead[from[e]] * trie.probability(piece[e]) * behind[to[e]]);
        }
    }

    /** The same for words so long that their probability is no number. */
    private void expectByLogarithms(double times, double[] expected) {
        Arrays.fill(ahead, 0, length + 1, Double.NEGATIVE_INFINITY);
        Arrays.fill(behind, 0, length + 1, Double.NEGATIVE_INFINITY);
        ahead[0] = 0;
        behind[length] = 0;
        for (int e = 0; e < edges; e++) {
            ahead[to[e]] = logSum(ahead[to[e]], ahead[from[e]] + trie.score(piece[e]));
        }
        for (int e = edges - 1; e >= 0; e--) {
            behind[from[e]] = logSum(behind[from[e]], behind[to[e]] + trie.score(piece[e]));
        }
        for (int e = 0; e < edges; e++) {
            double log = ahead[from[e]] + trie.score(piece[e]) + behind[to[e]] - ahead[length];
            expected[piece[e]] += times * Math.exp(log);
        }
    }

    private static double logSum(double x, double y) {
        double most = Math.max(x, y);
        double least = Math.min(x, y);
        return least == Double.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(least - most));
    }

    /**
     * The best way, its pieces from the last to the first; of equal ones the one whose last piece is longer.
     *
     * @param withoutWhole leaves out the piece that is the whole word
     * @return the number of pieces put into {@code out}
     */
    int best(boolean withoutWhole, int[] out) {
        Arrays.fill(best, 0, length + 1, -1);
        ahead[0] = 0;
        for (int e = 0; e < edges; e++) {
            if (withoutWhole && from[e] == 0 && to[e] == length) {
                continue;
            }
            if (from[e] > 0 && best[from[e]] < 0) {
                continue;
            }
            double sum = ahead[from[e]] + trie.score(piece[e]);
            if (best[to[e]] < 0 || sum > ahead[to[e]]) {
                best[to[e]] = e;
                ahead[to[e]] = sum;
            }
        }
        if (best[length] < 0) {
            return 0;
        }
        int n = 0;
        for (int at = length; at > 0; at = from[best[at]]) {
            out[n++] = piece[best[at]];
        }
        return n;
    }
}
