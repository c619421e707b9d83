package dev.cutaway.model.image;

/**
 * Resizes as Pillow's {@code Image.resize} does, to the bit: first across, then down, with weights over the whole area
 * that a pixel comes from (so shrinking does not alias), kept as integers of 22 fractional bits, and rounded to 8 bits
 * in between.
 */
final class Resizer {
    private static final int PRECISION = 32 - 8 - 2;

    private Resizer() {}

    static Picture resize(Picture in, int width, int height, Resampling filter) {
        if (width == in.width() && height == in.height()) {
            return in;
        }
        if (filter == Resampling.NEAREST) {
            return nearest(in, width, height);
        }
        Picture across = width == in.width() ? in : across(in, Weights.of(in.width(), width, filter));
        return height == in.height() ? across : down(across, Weights.of(in.height(), height, filter));
    }

    /**
     * For each pixel of the result the first source pixel, how many there are, and their weights.
     *
     * @param all rows of {@code size} weights
     */
    private record Weights(int[] first, int[] count, int[] all, int size) {

        static Weights of(int from, int to, Resampling filter) {
            double scale = (double) from / to;
            double filterScale = Math.max(1, scale);
            double support = filter.support() * filterScale;
            int size = (int) Math.ceil(support) * 2 + 1;
            Weights weights = new Weights(new int[to], new int[to], new int[Math.multiplyExact(to, size)], size);
            double[] row = new double[size];
            for (int i = 0; i < to; i++) {
                double centre = (i + 0.5) * scale;
                int first = Math.max(0, (int) (centre - support + 0.5));
                int count = Math.min(from, (int) (centre + support + 0.5)) - first;
                double sum = 0;
                for (int k = 0; k < count; k++) {
                    row[k] = filter.weight((k + first - centre + 0.5) / filterScale);
                    sum += row[k];
                }
                for (int k = 0; k < count; k++) {
                    double share = sum == 0 ? row[k] : row[k] / sum;
                    weights.all[i * size + k] = (int) (share * (1 << PRECISION) + (share < 0 ? -0.5 : 0.5));
                }
                weights.first[i] = first;
                weights.count[i] = count;
            }
            return weights;
        }
    }

    private static Picture across(Picture in, Weights weights) {
        int width = weights.first.length;
        byte[] source = in.bytes();
        byte[] out = new byte[Math.multiplyExact(3, Math.multiplyExact(width, in.height()))];
        for (int y = 0; y < in.height(); y++) {
            for (int x = 0; x < width; x++) {
                int from = (y * in.width() + weights.first[x]) * 3;
                sum(source, from, 3, weights, x, out, (y * width + x) * 3);
            }
        }
        return new Picture(width, in.height(), out);
    }

    private static Picture down(Picture in, Weights weights) {
        int height = weights.first.length;
        int stride = in.width() * 3;
        byte[] source = in.bytes();
        byte[] out = new byte[Math.multiplyExact(stride, height)];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < in.width(); x++) {
                sum(source, weights.first[y] * stride + x * 3, stride, weights, y, out, y * stride + x * 3);
            }
        }
        return new Picture(in.width(), height, out);
    }

    private static void sum(byte[] source, int from, int step, Weights weights, int row, byte[] out, int to) {
        for (int c = 0; c < 3; c++) {
            int sum = 1 << (PRECISION - 1);
            for (int k = 0; k < weights.count[row]; k++) {
                sum += (source[from + k * step + c] & 0xff) * weights.all[row * weights.size + k];
            }
            out[to + c] = (byte) Math.clamp(sum >> PRECISION, 0, 255);
        }
    }

    private static Picture nearest(Picture in, int width, int height) {
        int[] columns = nearest(in.width(), width);
        int[] rows = nearest(in.height(), height);
        byte[] source = in.bytes();
        byte[] out = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                System.arraycopy(source, (rows[y] * in.width() + columns[x]) * 3, out, (y * width + x) * 3, 3);
            }
        }
        return new Picture(width, height, out);
    }

    /** Pillow adds the step up instead of multiplying, which decides ties. */
    private static int[] nearest(int from, int to) {
        double step = (double) from / to;
        double at = step * 0.5;
        int[] places = new int[to];
        for (int i = 0; i < to; i++) {
            places[i] = Math.min(from - 1, (int) at);
            at += step;
        }
        return places;
    }
}
