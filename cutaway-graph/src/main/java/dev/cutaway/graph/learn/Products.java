package dev.cutaway.graph.learn;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.DenseKernels.Start;
import dev.cutaway.tensor.kernel.DenseKernels.View;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Products with weights, forward and back. */
final class Products {
    /** Multiply-adds of a chunk, about: a tenth of a millisecond. */
    private static final long CHUNK = 4_000_000;

    private Products() {}

    /** How a product of m rows and n columns is cut into chunks. */
    record Cut(int rows, int columns, int across) {
        static Cut of(int m, int n, int k) {
            // Each chunk lays its columns of the second factor out anew, which many rows should share, and brings its
            // rows of the
            // first close together, which many columns should.
            int rows = m;
            int columns = Math.min(n, 256);
            while ((long) rows * columns * k > CHUNK) {
                if (rows >= 768) {
                    rows = (rows / 2 + 5) / 6 * 6;
                } else if (columns > 64) {
                    columns = (columns / 2 + 15) / 16 * 16;
                } else {
                    break;
                }
            }
            return new Cut(rows, columns, Step.parts(n, columns));
        }

        int chunks(int m) {
            return Step.parts(m, rows) * across;
        }

        int row(int chunk) {
            return chunk / across * rows;
        }

        int column(int chunk) {
            return chunk % across * columns;
        }
    }

    /** Widens a weight that is not float32 to where products read it. */
    static final class Widen extends Step {
        private static final int ROWS = 64;
        private final Parameter weight;

        Widen(Parameter weight) {
            this.weight = weight;
        }

        @Override
        int chunks(Work w) {
            return w.widens(weight) ? parts((int) w.weightTensor(weight).dim(0), ROWS) : 0;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Tensor t = w.weightTensor(weight);
            long from = (long) chunk * ROWS;
            Tensor rows = t.slice(0, from, Math.min(t.dim(0), from + ROWS)).widen();
            MemorySegment.copy(rows.data(), 0, w.weight(weight), 4 * from * t.dim(1), 4 * rows.size());
        }
    }

    /** Rows times a weight: {@code y = x W^T (+ bias)}, or back, {@code y = x W}; plus another value's rows, if asked for. */
    static final class Product extends Step {
        private final Place x;
        private final Parameter weight;
        private final Optional<Parameter> bias;
        private final boolean back;
        private final Place y;
        private final Optional<Place> plus;
        private final boolean into;

        /**
         * @param plus added to the product; may be y itself
         */
        Product(Place x, Parameter weight, Optional<Parameter> bias, boolean back, Place y, Optional<Place> plus) {
            this.x = x;
            this.weight = weight;
            this.bias = bias;
            this.back = back;
            this.y = y;
            this.plus = plus.filter(p -> p != y);
            this.into = plus.isPresent() && plus.get() == y;
        }

        private Cut cut(Work w) {
            return Cut.of(w.rows(x), y.width, x.width);
        }

        @Override
        int chunks(Work w) {
            return w.rows(x) == 0 ? 0 : cut(w).chunks(w.rows(x));
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Cut c = cut(w);
            int row = c.row(chunk);
            int column = c.column(chunk);
            int rows = Math.min(c.rows, w.rows(x) - row);
            int columns = Math.min(c.columns, y.width - column);
            View to = View.rows(w.memory(y), w.at(y, row) + column, y.width);
            Start start = plus.map(p -> Start.rows(View.rows(w.memory(p), w.at(p, row) + column, p.width)))
                    .orElse(into ? Start.rows(to) : Start.ZERO);
            if (bias.isPresent()) {
                start = start.and(w.weight(bias.get()), column);
            }
            View matrix = back
                    ? View.rows(w.weight(weight), column, y.width)
                    : View.rows(w.weight(weight), (long) column * x.width, x.width)
                            .transposed();
            w.kernels
                    .dense()
                    .multiply(
                            rows,
                            columns,
                            x.width,
                            View.rows(w.memory(x), w.at(x, row), x.width),
                            matrix,
                            to,
                            start,
                            w.scratch(worker),
                            0);
        }
    }

    /** {@code dW += dY^T X}, rows added in their order. */
    static final class WeightGradient extends Step {
        private final Place x;
        private final Place dy;
        private final Value sum;

        WeightGradient(Place x, Place dy, Value sum) {
            this.x = x;
            this.dy = dy;
            this.sum = sum;
        }

        private Cut cut(Work w) {
            return Cut.of(dy.width, x.width, w.rows(x));
        }

        @Override
        int chunks(Work w) {
            return w.rows(x) == 0 ? 0 : cut(w).chunks(dy.width);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Cut c = cut(w);
            int row = c.row(chunk);
            int column = c.column(chunk);
            w.kernels
                    .dense()
                    .multiply(
                            Math.min(c.rows, dy.width - row),
                            Math.min(c.columns, x.width - column),
                            w.rows(x),
                            View.rows(w.memory(dy), w.at(dy, 0) + row, dy.width).transposed(),
                            View.rows(w.memory(x), w.at(x, 0) + column, x.width),
                            View.rows(w.sum(sum), (long) row * x.width + column, x.width),
                            true,
                            w.scratch(worker),
                            0);
        }
    }

    /** The sum of all rows, in order: a bias's gradient. */
    static final class ColumnSum extends Step {
        private static final int COLUMNS = 256;
        private final Place dy;
        private final Value sum;

        ColumnSum(Place dy, Value sum) {
            this.dy = dy;
            this.sum = sum;
        }

        @Override
        int chunks(Work w) {
            return parts(dy.width, COLUMNS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int column = chunk * COLUMNS;
            int n = Math.min(COLUMNS, dy.width - column);
            MemorySegment to = w.sum(sum);
            for (int r = 0; r < w.rows(dy); r++) {
                w.kernels.rows().add(to, column, w.memory(dy), w.at(dy, r) + column, to, column, n);
            }
        }
    }
}
