package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import java.util.ArrayList;
import java.util.List;

/**
 * How levels become small numbers: (level / 255 - mean) / deviation.
 *
 * @param mean of each channel
 * @param deviation of each channel
 */
record Levels(List<Double> mean, List<Double> deviation) {
    private static final double LEAST = 1e-3;

    Levels {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
    }

    /** Those of the chosen images. */
    static Levels of(Pictures pictures, long[] chosen, ImageSizes s) {
        int plane = s.height() * s.width();
        long[] sum = new long[s.channels()];
        long[] squares = new long[s.channels()];
        for (long i : chosen) {
            byte[] x = pictures.levels((int) i);
            for (int k = 0; k < x.length; k++) {
                int level = x[k] & 0xFF;
                sum[k / plane] += level;
                squares[k / plane] += level * level;
            }
        }
        List<Double> mean = new ArrayList<>();
        List<Double> deviation = new ArrayList<>();
        double n = (double) chosen.length * plane;
        for (int c = 0; c < s.channels(); c++) {
            double m = sum[c] / n;
            mean.add(m / 255);
            deviation.add(Math.max(LEAST, Math.sqrt(Math.max(0, squares[c] / n - m * m)) / 255));
        }
        return new Levels(mean, deviation);
    }
}
