package dev.cutaway.text.train;

import java.util.Arrays;

/** Unigram's pieces with their scores (logarithms of probabilities). Piece 0 stands for what no piece fits. */
final class Pieces {
    private final int[] symbols; // of the text that pieces are stretches of
    private int[] begin;
    private int[] length;
    private double[] score;
    private int count;

    Pieces(int[] symbols, int room) {
        this.symbols = symbols;
        begin = new int[room];
        length = new int[room];
        score = new double[room];
    }

    void addUnknown() {
        add(0, 0, Double.NaN);
    }

    void add(int from, int size, double value) {
        if (count == begin.length) {
            begin = Arrays.copyOf(begin, 2 * count + 8);
            length = Arrays.copyOf(length, 2 * count + 8);
            score = Arrays.copyOf(score, 2 * count + 8);
        }
        begin[count] = from;
        length[count] = size;
        score[count++] = value;
    }

    int count() {
        return count;
    }

    int begin(int piece) {
        return begin[piece];
    }

    int length(int piece) {
        return length[piece];
    }

    double score(int piece) {
        return score[piece];
    }

    int symbol(int piece, int i) {
        return symbols[begin[piece] + i];
    }

    /** An empty list of pieces of the same text. */
    Pieces none() {
        return new Pieces(symbols, count);
    }

    /** Weights become logarithms of their shares. */
    void toLogShares() {
        double sum = 0;
        for (int i = 1; i < count; i++) {
            sum += score[i];
        }
        double log = Math.log(sum);
        for (int i = 1; i < count; i++) {
            score[i] = Math.log(score[i]) - log;
        }
    }

    /** The lowest score. */
    double least() {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 1; i < count; i++) {
            least = Math.min(least, score[i]);
        }
        return least;
    }
}
