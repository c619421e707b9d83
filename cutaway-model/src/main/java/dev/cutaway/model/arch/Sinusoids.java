package dev.cutaway.model.arch;

import dev.cutaway.graph.op.RopeFrequencies;

/**
 * Frequencies of the first Transformer's positions (arXiv 1706.03762, section 3.5): wavelengths from 2 pi to 20,000 pi.
 *
 * @param pairs half the width
 */
record Sinusoids(int pairs) implements RopeFrequencies {
    private static final double BASE = 10_000;

    @Override
    public double[] frequencies(int length) {
        double[] f = new double[pairs];
        for (int i = 0; i < pairs; i++) {
            f[i] = 1 / Math.pow(BASE, (double) i / pairs);
        }
        return f;
    }

    @Override
    public double factor(int length) {
        return 1;
    }

    @Override
    public boolean changes(int from, int to) {
        return false;
    }

    @Override
    public String words() {
        return "base 10000";
    }

    /** Unlike rotations', these angles are computed in double precision and rounded at the end, as NumPy does. */
    @Override
    public void row(int position, int length, float[] cos, float[] sin, int at) {
        for (int i = 0; i < pairs; i++) {
            double angle = position / Math.pow(BASE, (double) i / pairs);
            cos[at + i] = (float) Math.cos(angle);
            sin[at + i] = (float) Math.sin(angle);
        }
    }
}
