package dev.cutaway.graph.op;

/** Frequencies of rotary positions, which may depend on how long the sequence is (dynamic scaling, longrope). */
public interface RopeFrequencies {
    /** Number of rotated pairs. */
    int pairs();

    /** Radians per position of each pair, for a sequence of this length. */
    double[] frequencies(int length);

    /** What cosine and sine are multiplied by (YaRN, longrope); usually 1. */
    double factor(int length);

    /** Whether a sequence that grows from one length to the other changes its frequencies. */
    boolean changes(int from, int to);

    /** In words, for people: base and scaling. */
    String words();

    /** Writes one position's cosines and sines. */
    default void row(int position, int length, float[] cos, float[] sin, int at) {
        double[] f = frequencies(length);
        double scale = factor(length);
        for (int i = 0; i < f.length; i++) {
            // The angle is rounded to float32 first, as every reference implementation does.
            float angle = position * (float) f[i];
            cos[at + i] = (float) (Math.cos(angle) * scale);
            sin[at + i] = (float) (Math.sin(angle) * scale);
        }
    }
}
