package dev.cutaway.graph.learn;

import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Picking;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Steps over rows that lie in a grid: rows moved by constant numbers, a convolution of each channel, and back. */
final class GridSteps {
    private GridSteps() {}

    /** Elements that move together: those of the axes behind the first so many. */
    static int width(Type t, int axes) {
        int n = 1;
        for (int i = axes; i < t.rank(); i++) {
            n *= t.size(i);
        }
        return n;
    }

    /** {@code y[i] = x[numbers[i]]}, 0 where there is none. A chunk is an image. */
    static final class Picked extends Step {
        private final int[] numbers;
        private final int width;
        private final Place x;
        private final Place y;

        Picked(Picking how, int width, Place x, Place y) {
            this.numbers = how.numbers();
            this.width = width;
            this.x = x;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        void run(Work w, int chunk, int worker) {
            MemorySegment from = w.memory(x);
            MemorySegment to = w.memory(y);
            long source = w.at(x, w.starts(x.kind)[chunk]);
            long target = w.at(y, w.starts(y.kind)[chunk]);
            for (int i = 0; i < numbers.length; i++) {
                long at = 4 * (target + (long) i * width);
                if (numbers[i] < 0) {
                    to.asSlice(at, 4L * width).fill((byte) 0);
                } else {
                    MemorySegment.copy(from, 4 * (source + (long) numbers[i] * width), to, at, 4L * width);
                }
            }
        }
    }

    /** {@code y[t] = sum of x[i] over all i with numbers[i] == t}, in order of i. */
    static final class Unpicked extends Step {
        private final int[] numbers;
        private final int width;
        private final Place x;
        private final Place y;

        Unpicked(Picking how, int width, Place x, Place y) {
            this.numbers = how.numbers();
            this.width = width;
            this.x = x;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        void run(Work w, int chunk, int worker) {
            MemorySegment to = w.memory(y);
            long source = w.at(x, w.starts(x.kind)[chunk]);
            long target = w.at(y, w.starts(y.kind)[chunk]);
            to.asSlice(4 * target, 4 * (w.at(y, w.starts(y.kind)[chunk + 1]) - target))
                    .fill((byte) 0);
            for (int i = 0; i < numbers.length; i++) {
                if (numbers[i] >= 0) {
                    long at = target + (long) numbers[i] * width;
                    w.kernels.rows().add(to, at, w.memory(x), source + (long) i * width, to, at, width);
                }
            }
        }
    }

    /** {@code y = x * weights}, the same weights for each row. */
    static final class ByVector extends Step {
        private static final int ROWS = 64;
        private final Place x;
        private final Parameter by;
        private final Place y;

        ByVector(Place x, Parameter by, Place y) {
            this.x = x;
            this.by = by;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return parts(w.rows(y), ROWS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            MemorySegment factors = w.weight(by);
            for (int r = chunk * ROWS; r < Math.min(w.rows(y), (chunk + 1) * ROWS); r++) {
                w.kernels.rows().multiply(w.memory(x), w.at(x, r), factors, 0, w.memory(y), w.at(y, r), y.width);
            }
        }
    }

    /** What a row and those around it are, for both directions: arrays, whose loops become vectors over the channels. */
    abstract static class Around extends Step {
        final int[] numbers;
        final int rows;
        final int places;
        final Place x;
        final Parameter weight;

        Around(Picking.Around around, Place x, Parameter weight) {
            this.numbers = around.numbers();
            this.rows = around.height() * around.width();
            this.places = around.size() * around.size();
            this.x = x;
            this.weight = weight;
        }

        /** The rows of one image, {@code [row, channel]}. */
        float[] read(Work w, Place p, int segment) {
            float[] a = new float[rows * p.width];
            long at = 4 * w.at(p, w.starts(p.kind)[segment]);
            MemorySegment.copy(w.memory(p), ValueLayout.JAVA_FLOAT, at, a, 0, a.length);
            return a;
        }

        static void write(Work w, Place p, int segment, float[] a) {
            long at = 4 * w.at(p, w.starts(p.kind)[segment]);
            MemorySegment.copy(a, 0, w.memory(p), ValueLayout.JAVA_FLOAT, at, a.length);
        }

        /** The kernels, {@code [place, channel]}: channels side by side, as in a row. */
        float[] kernel(Work w) {
            int channels = x.width;
            float[] k = w.weight(weight)
                    .asSlice(0, 4L * places * channels)
                    .toArray(ValueLayout.JAVA_FLOAT); // [channel, place]
            float[] a = new float[places * channels];
            for (int i = 0; i < a.length; i++) {
                a[i % places * channels + i / places] = k[i];
            }
            return a;
        }

        /** {@code sum += x * y}, n numbers each. */
        static void multiplyAdd(float[] x, int xAt, float[] y, int yAt, float[] sum, int at, int n) {
            for (int c = 0; c < n; c++) {
                sum[at + c] = Math.fma(x[xAt + c], y[yAt + c], sum[at + c]);
            }
        }
    }

    /** A convolution of each channel by itself. A chunk is an image. */
    static final class Convolve extends Around {
        private final Parameter bias;
        private final Place y;

        Convolve(Picking.Around around, Place x, Parameter weight, Parameter bias, Place y) {
            super(around, x, weight);
            this.bias = bias;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int channels = x.width;
            float[] k = kernel(w);
            float[] from = read(w, x, chunk);
            float[] to = new float[rows * channels];
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(w.weight(bias), ValueLayout.JAVA_FLOAT, 0, to, r * channels, channels);
                for (int n = 0; n < places; n++) {
                    int near = numbers[r * places + n];
                    if (near >= 0) {
                        multiplyAdd(from, near * channels, k, n * channels, to, r * channels, channels);
                    }
                }
            }
            write(w, y, chunk, to);
        }
    }

    /** Back through a convolution. A chunk is some images: what they give to the weights is added up chunk by chunk. */
    static final class ConvolveBack extends Around {
        private static final int IMAGES = 8;
        private final Place dy;
        private final Optional<Place> dx;
        private final Optional<Value> dWeight;
        private final Optional<Value> dBias;

        ConvolveBack(
                Picking.Around around,
                Place x,
                Parameter weight,
                Place dy,
                Optional<Place> dx,
                Optional<Value> dWeight,
                Optional<Value> dBias) {
            super(around, x, weight);
            this.dy = dy;
            this.dx = dx;
            this.dWeight = dWeight;
            this.dBias = dBias;
        }

        /** Of a chunk: the kernels' gradient {@code [place, channel]}, then the bias's. */
        private int sums() {
            return (places + 1) * x.width;
        }

        @Override
        int chunks(Work w) {
            int n = parts(w.segments(), IMAGES);
            w.shared((long) n * sums()); // here, where one thread asks
            return n;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            float[] k = kernel(w);
            float[] sum = new float[sums()];
            for (int s = chunk * IMAGES; s < Math.min(w.segments(), (chunk + 1) * IMAGES); s++) {
                image(w, s, k, sum);
            }
            MemorySegment.copy(sum, 0, w.shared(0), ValueLayout.JAVA_FLOAT, 4L * chunk * sums(), sum.length);
        }

        private void image(Work w, int segment, float[] k, float[] sum) {
            int channels = x.width;
            float[] from = read(w, x, segment);
            float[] d = read(w, dy, segment);
            float[] to = new float[dx.isPresent() ? rows * channels : 0];
            for (int r = 0; r < rows; r++) {
                for (int n = 0; n < places; n++) {
                    int near = numbers[r * places + n];
                    if (near < 0) {
                        continue;
                    }
                    multiplyAdd(from, near * channels, d, r * channels, sum, n * channels, channels);
                    if (to.length > 0) {
                        multiplyAdd(d, r * channels, k, n * channels, to, near * channels, channels);
                    }
                }
                for (int c = 0; c < channels; c++) {
                    sum[places * channels + c] += d[r * channels + c];
                }
            }
            dx.ifPresent(p -> write(w, p, segment, to));
        }

        /** Adds the chunks' sums up, in order. */
        Step sum() {
            return new Step() {
                @Override
                int chunks(Work w) {
                    return w.segments() > 0 && (dWeight.isPresent() || dBias.isPresent()) ? 1 : 0;
                }

                @Override
                void run(Work w, int chunk, int worker) {
                    int channels = x.width;
                    for (int i = 0; i < parts(w.segments(), IMAGES); i++) {
                        long at = (long) i * sums();
                        dWeight.ifPresent(v -> {
                            float[] all = w.sum(v).toArray(ValueLayout.JAVA_FLOAT); // [channel, place]
                            float[] part = new float[places * channels];
                            MemorySegment.copy(w.shared(0), ValueLayout.JAVA_FLOAT, 4 * at, part, 0, part.length);
                            for (int j = 0; j < part.length; j++) {
                                all[j % channels * places + j / channels] += part[j];
                            }
                            MemorySegment.copy(all, 0, w.sum(v), ValueLayout.JAVA_FLOAT, 0, all.length);
                        });
                        long b = at + (long) places * channels;
                        dBias.ifPresent(v -> w.kernels.rows().add(w.sum(v), 0, w.shared(0), b, w.sum(v), 0, channels));
                    }
                }
            };
        }
    }
}
