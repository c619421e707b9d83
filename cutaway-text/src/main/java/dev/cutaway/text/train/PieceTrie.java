package dev.cutaway.text.train;

import java.util.Arrays;

/** Pieces by their beginnings, with what a pass over the text needs to know of each. Shared between threads once made. */
final class PieceTrie {
    private static final double UNKNOWN_PENALTY = 10;

    private final LongTable edges = new LongTable(); // of node and symbol to the node after, less one
    private final int[] root; // by symbol
    private int[] piece; // of each node, -1
    private final double[] score;
    private final double[] probability;
    private final int alphabet;

    PieceTrie(Pieces pieces, int alphabet) {
        this.alphabet = alphabet;
        this.root = new int[alphabet];
        Arrays.fill(root, -1);
        this.piece = new int[2 * pieces.count() + 16];
        Arrays.fill(piece, -1);
        this.score = new double[pieces.count()];
        this.probability = new double[pieces.count()];
        score[0] = pieces.least() - UNKNOWN_PENALTY;
        for (int i = 1; i < pieces.count(); i++) {
            add(pieces, i);
            score[i] = pieces.score(i);
        }
        for (int i = 0; i < score.length; i++) {
            probability[i] = Math.exp(score[i]);
        }
    }

    private void add(Pieces pieces, int i) {
        int node = node((long) pieces.symbol(i, 0));
        root[pieces.symbol(i, 0)] = node;
        for (int k = 1; k < pieces.length(i); k++) {
            node = node((long) (node + 1) * alphabet + pieces.symbol(i, k));
        }
        piece[node] = i;
    }

    private int node(long key) {
        int node = edges.add(key);
        if (node >= piece.length) {
            int n = piece.length;
            piece = Arrays.copyOf(piece, 2 * n);
            Arrays.fill(piece, n, 2 * n, -1);
        }
        return node;
    }

    /** The node of a piece's first symbol, or -1. */
    int first(int symbol) {
        return root[symbol];
    }

    /** The node after {@code node} on {@code symbol}, or -1. */
    int next(int node, int symbol) {
        return edges.find((long) (node + 1) * alphabet + symbol);
    }

    /** The piece that ends at a node, or -1. */
    int piece(int node) {
        return piece[node];
    }

    /** Logarithm of a piece's probability; that of the unknown piece 0 is far below all others. */
    double score(int i) {
        return score[i];
    }

    double probability(int i) {
        return probability[i];
    }

    int count() {
        return score.length;
    }
}
