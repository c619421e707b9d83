package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * {@link DenseKernels} by machine code. A product is cut into blocks as in Goto and van de Geijn's "Anatomy of High-Performance Matrix
 * Multiplication" (2008): {@value #DEPTH} rows of b are laid side by side, sixteen columns at a time, so that a strip of 16 kB stays in the
 * first cache while tiles of six rows of a go by; what is laid out, and as many rows of a, stay in the second.
 *
 * <p>Scratch: the block of b; what the last columns of c become, where they are no sixteen; arguments.
 */
final class MachineDense implements DenseKernels {
    private static final int TILE = 6;
    private static final int LANES = 16;
    private static final int DEPTH = 256;
    /** Columns of b that are laid out at once. */
    private static final int COLUMNS = 256;
    /** Rows of a and c that go by at once; a multiple of the tile. */
    private static final int ROWS = 96;

    /** Fewer columns are not worth it to bring the rows of a close together. */
    private static final int MANY = 48;
    /** Floats from row to row of a's copy: not a power of two, or all would fall into few of the first cache's sets. */
    private static final int A_STRIDE = DEPTH + LANES;

    /** Rows of a multiple of so many floats share few of the first cache's sets. */
    private static final int SET = 512;

    /** Floats from six rows of a, brought side by side, to the next six; likewise. */
    private static final long SIXES = TILE * DEPTH + LANES;

    private static final int A_AT = (DEPTH + 1) * COLUMNS;
    private static final int EDGE_AT = A_AT + ROWS * A_STRIDE;
    private static final int ARGUMENTS_AT = EDGE_AT + ROWS * LANES;
    private static final int ARGUMENTS = 32;
    private static final int EIGHT = 8;
    private static final ScalarDense PLAIN = new ScalarDense();

    private final MachineCode[] tiles = new MachineCode[TILE + 1];
    private final MachineCode[] strided = new MachineCode[TILE + 1];
    private final MachineCode sixteens = MachineCode.of(DenseCode.strips(LANES));
    private final MachineCode sixes = MachineCode.of(DenseCode.strips(TILE));
    private final MachineCode copyRows = MachineCode.of(DenseCode.copyRows());
    private final MachineCode turn = MachineCode.of(DenseCode.turnEight());
    private final MachineCode gatedSlope = MachineCode.of(DenseCode.gatedSlope());
    private final MachineCode layerNormBack = MachineCode.of(DenseCode.normBack(false));
    private final MachineCode rmsNormBack = MachineCode.of(DenseCode.normBack(true));
    private final MachineCode softmaxRows = MachineCode.of(DenseCode.softmaxRows());
    private final MachineCode softmaxBack = MachineCode.of(DenseCode.softmaxBack());
    private final Map<Activation, MachineCode> slopes = new EnumMap<>(Activation.class);

    MachineDense(MachineMatrix matrix) {
        for (int rows = 1; rows <= TILE; rows++) {
            tiles[rows] = MachineCode.of(ProductCode.tiles(rows, false, true));
            strided[rows] = MachineCode.of(ProductCode.tiles(rows, true, true));
        }
        for (Activation f :
                new Activation[] {Activation.RELU, Activation.GELU_ERF, Activation.SIGMOID, Activation.TANH}) {
            slopes.put(f, MachineCode.of(DenseCode.slope(f)));
        }
    }

    @Override
    public long scratchFloats() {
        return ARGUMENTS_AT + ARGUMENTS;
    }

    private static void check(int rows, int columns, View v) {
        if (v.row() < 0 || v.column() < 0) {
            throw new IndexOutOfBoundsException(
                    "a matrix in memory whose strides are " + v.row() + " and " + v.column());
        }
        long last = v.at(rows - 1L, columns - 1L);
        Objects.checkFromIndexSize(4 * v.at(), 4 * (last - v.at() + 1), v.data().byteSize());
    }

    @Override
    public void multiply(
            int m, int n, int k, View a, View b, View c, Start start, MemorySegment scratch, long scratchAt) {
        if (m <= 0 || n <= 0) {
            return;
        }
        if (k <= 0 || !fits(a, b, c, scratch) || !fits(start)) {
            PLAIN.multiply(m, n, k, a, b, c, start, scratch, scratchAt);
            return;
        }
        check(m, k, a);
        check(k, n, b);
        check(m, n, c);
        if (start.hasRows()) {
            check(m, n, start.plus());
        }
        if (start.hasBias()) {
            place(start.bias(), start.biasAt(), n);
        }
        Start from = start;
        if (!inTiles(n, start, c)) {
            start.write(m, n, c);
            from = Start.rows(c);
        }
        blocks(m, n, k, a, b, c, from, false, scratch, scratchAt);
        MachineCode.keep(start.plus().data(), start.bias());
    }

    @Override
    public void multiplyPadded(int m, int n, int k, View a, View b, View c, MemorySegment scratch, long scratchAt) {
        if (m <= 0 || n <= 0 || k <= 0 || !fits(a, b, c, scratch)) {
            PLAIN.multiplyPadded(m, n, k, a, b, c, scratch, scratchAt);
            return;
        }
        check(m, k, a);
        check(k, n, b);
        check(m, (n + LANES - 1) / LANES * LANES, c);
        blocks(m, n, k, a, b, c, Start.ZERO, true, scratch, scratchAt);
    }

    private boolean fits(View a, View b, View c, MemorySegment scratch) {
        boolean lies = a.row() == 1 || a.column() == 1;
        boolean heap = !a.data().isNative() || !b.data().isNative() || !c.data().isNative() || !scratch.isNative();
        return lies && !heap && (b.row() == 1 || b.column() == 1) && c.column() == 1;
    }

    private static boolean fits(Start start) {
        boolean rows = !start.hasRows()
                || start.plus().column() == 1 && start.plus().data().isNative();
        return rows && (!start.hasBias() || start.bias().isNative());
    }

    /** Whether tiles take their start from where it is: no last columns beside them, rows as far apart as the sums'. */
    private static boolean inTiles(int n, Start start, View c) {
        boolean there = start.plus().equals(c) || start.isZero() || n % LANES == 0;
        return there
                && (!start.hasBias() || n % LANES == 0)
                && (!start.hasRows() || start.plus().row() == c.row());
    }

    private void blocks(
            int m, int n, int k, View a, View b, View c, Start start, boolean padded, MemorySegment s, long at) {
        Objects.checkFromIndexSize(4 * at, 4 * scratchFloats(), s.byteSize());
        long room = s.address() + 4 * at;
        for (int p = 0; p < k; p += DEPTH) {
            int depth = Math.min(DEPTH, k - p);
            for (int j = 0; j < n; j += COLUMNS) {
                int columns = Math.min(COLUMNS, n - j);
                lay(depth, columns, b.from(p, j), s, at, room);
                int whole = padded ? (columns + LANES - 1) / LANES : columns / LANES;
                for (int i = 0; i < m; i += ROWS) {
                    int rows = Math.min(ROWS, m - i);
                    View part = c.from(i, j);
                    argumentsOfStart(start, p > 0, i, j, part, s, at + ARGUMENTS_AT);
                    Near near = near(rows, depth, columns, a.from(i, p), s, at);
                    block(rows, columns, whole, depth, near, part, s, at);
                }
            }
        }
        MachineCode.keep(a.data(), b.data(), c.data(), s);
    }

    private static void argumentsOfStart(
            Start start, boolean again, int i, int j, View c, MemorySegment scratch, long args) {
        boolean rows = again || start.hasRows();
        boolean bias = !again && start.hasBias();
        long y = c.data().address() + 4 * c.at();
        View plus = start.plus();
        put(scratch, args, ProductCode.MORE, rows ? 1 : 0);
        put(scratch, args, ProductCode.PLUS, again || !rows ? 0 : plus.data().address() + 4 * plus.at(i, j) - y);
        put(scratch, args, ProductCode.BIAS, bias ? start.bias().address() + 4 * (start.biasAt() + j) - y : 0);
    }

    /** Lays {@code depth} rows of b side by side: strips of sixteen columns, the last filled up with zeros. */
    private void lay(int depth, int columns, View b, MemorySegment scratch, long scratchAt, long room) {
        int whole = columns / LANES;
        long address = b.data().address() + 4 * b.at();
        if (b.column() == 1) {
            if (whole > 0) {
                sixteens.call(address, room, depth, 4 * b.row(), whole, 4 * strip(depth));
            }
        } else {
            int fours = depth / 4;
            for (int s = 0; s < whole; s++) {
                long from = address + 4 * LANES * s * b.column();
                long to = s * strip(depth);
                if (fours > 0) {
                    turn.call(from, room + 4 * to, fours, 4 * b.column(), 0, 0);
                    turn.call(from + 32 * b.column(), room + 4 * to + 32, fours, 4 * b.column(), 0, 0);
                }
                one(4 * fours, depth, 0, LANES, b.from(0, LANES * s), scratch, scratchAt + to);
            }
        }
        if (whole * LANES < columns) {
            long to = whole * strip(depth);
            edge(depth, columns - whole * LANES, b.from(0, whole * LANES), scratch, scratchAt + to, room + 4 * to);
        }
    }

    /** Floats from strip to strip of b: not a power of two, or a row's strips would fall into one of the first cache's sets. */
    private static long strip(int depth) {
        return (long) LANES * depth + LANES;
    }

    /** A strip of less than sixteen columns, zeros beside them. */
    private void edge(int depth, int lanes, View b, MemorySegment scratch, long at, long address) {
        scratch.asSlice(4 * at, 4L * LANES * depth).fill((byte) 0);
        int turned = 0;
        int fours = depth / 4;
        if (b.column() != 1 && lanes >= EIGHT && fours > 0) {
            turn.call(b.data().address() + 4 * b.at(), address, fours, 4 * b.column(), 0, 0);
            one(4 * fours, depth, 0, EIGHT, b, scratch, at);
            turned = EIGHT;
        }
        one(0, depth, turned, lanes, b, scratch, at);
    }

    /** Rows and columns of b to their places, one by one. */
    private static void one(int fromRow, int toRow, int from, int to, View b, MemorySegment scratch, long at) {
        for (int p = fromRow; p < toRow; p++) {
            for (int l = from; l < to; l++) {
                Floats.set(scratch, at + (long) p * LANES + l, Floats.get(b.data(), b.at(p, l)));
            }
        }
    }

    /**
     * A block of a as tiles read it best. Rows are taken as they are, unless they fall into few sets of the first cache; of columns, six rows'
     * worth are brought side by side, one after the other, so that a tile reads 6 kB in order.
     *
     * @param tile floats from one tile of six rows to the next
     */
    private record Near(View a, long tile) {}

    private Near near(int rows, int depth, int columns, View a, MemorySegment scratch, long scratchAt) {
        Near asItIs = new Near(a, TILE * a.row());
        if (columns < MANY) {
            return asItIs;
        }
        long to = scratchAt + A_AT;
        if (a.column() != 1) {
            sixes(rows, depth, a, scratch, to);
            return new Near(new View(scratch, to, 1, TILE), SIXES);
        }
        if (depth % EIGHT != 0 || a.row() % SET != 0) {
            return asItIs;
        }
        copyRows.call(
                a.data().address() + 4 * a.at(),
                scratch.address() + 4 * to,
                rows,
                4 * a.row(),
                4 * A_STRIDE,
                depth / EIGHT);
        return new Near(View.rows(scratch, to, A_STRIDE), TILE * A_STRIDE);
    }

    /** Rows of a, whose columns are rows of memory, to columns of six. */
    private void sixes(int rows, int depth, View a, MemorySegment scratch, long to) {
        int tiles = (rows + TILE - 1) / TILE;
        long last = a.data().byteSize() / 4 - TILE * tiles - 2; // from here on, less is left than is read of a row
        int whole = last < a.at() ? 0 : (int) Math.min((last - a.at()) / a.column() + 1, depth);
        if (whole > 0) {
            sixes.call(
                    a.data().address() + 4 * a.at(),
                    scratch.address() + 4 * to,
                    whole,
                    4 * a.column(),
                    tiles,
                    4 * SIXES);
        }
        for (int p = whole; p < depth; p++) {
            for (int i = 0; i < rows; i++) {
                long at = to + i / TILE * SIXES + (long) p * TILE + i % TILE;
                Floats.set(scratch, at, Floats.get(a.data(), a.at(i, p)));
            }
        }
    }

    /** A block of c from the laid out block of b. */
    private void block(
            int rows, int columns, int whole, int depth, Near near, View c, MemorySegment scratch, long scratchAt) {
        View a = near.a;
        long room = scratch.address() + 4 * scratchAt;
        long args = scratchAt + ARGUMENTS_AT;
        put(scratch, args, ProductCode.X_STRIDE, 4 * a.row());
        put(scratch, args, ProductCode.X_STEP, 4 * a.column());
        put(scratch, args, ProductCode.X_TILE, 4 * near.tile);
        put(scratch, args, ProductCode.W_STRIDE, 4 * LANES);
        put(scratch, args, ProductCode.DEPTH, depth);
        put(scratch, args, ProductCode.BLOCK_STRIDE, 4 * strip(depth));
        long x = a.data().address() + 4 * a.at();
        if (whole > 0) {
            put(scratch, args, ProductCode.W, room);
            put(scratch, args, ProductCode.BLOCKS, whole);
            put(scratch, args, ProductCode.Y_STRIDE, 4 * c.row());
            tiles(rows, near, x, c.data().address() + 4 * c.at(), 4 * c.row(), scratch, args);
        }
        int rest = columns - whole * LANES;
        if (rest > 0) {
            long edge = scratchAt + EDGE_AT;
            View last = c.from(0, whole * LANES);
            boolean more = scratch.get(ValueLayout.JAVA_LONG_UNALIGNED, 4 * args + ProductCode.MORE) != 0;
            for (int i = 0; more && i < rows; i++) {
                MemorySegment.copy(c.data(), 4 * last.at(i, 0), scratch, 4 * (edge + (long) i * LANES), 4L * rest);
            }
            put(scratch, args, ProductCode.W, room + 4 * whole * strip(depth));
            put(scratch, args, ProductCode.BLOCKS, 1);
            put(scratch, args, ProductCode.Y_STRIDE, 4 * LANES);
            tiles(rows, near, x, scratch.address() + 4 * edge, 4 * LANES, scratch, args);
            for (int i = 0; i < rows; i++) {
                MemorySegment.copy(scratch, 4 * (edge + (long) i * LANES), c.data(), 4 * last.at(i, 0), 4L * rest);
            }
        }
    }

    private void tiles(int rows, Near near, long x, long y, long yStride, MemorySegment scratch, long args) {
        MachineCode[] code = near.a.column() == 1 ? tiles : strided;
        long address = scratch.address() + 4 * args;
        int full = rows / TILE;
        if (full > 0) {
            put(scratch, args, ProductCode.X, x);
            put(scratch, args, ProductCode.Y, y);
            put(scratch, args, ProductCode.TILES, full);
            code[TILE].call(address, 0, 0, 0, 0, 0);
        }
        int rest = rows % TILE;
        if (rest > 0) {
            put(scratch, args, ProductCode.X, x + 4 * full * near.tile);
            long down = (long) full * TILE * yStride;
            put(scratch, args, ProductCode.Y, y + down);
            long bias = scratch.get(ValueLayout.JAVA_LONG_UNALIGNED, 4 * args + ProductCode.BIAS);
            put(scratch, args, ProductCode.BIAS, bias == 0 ? 0 : bias - down);
            put(scratch, args, ProductCode.TILES, 1);
            code[rest].call(address, 0, 0, 0, 0, 0);
        }
    }

    private static void put(MemorySegment scratch, long args, int place, long value) {
        scratch.set(ValueLayout.JAVA_LONG_UNALIGNED, 4 * args + place, value);
    }

    private static long place(MemorySegment s, long at, long n) {
        Objects.checkFromIndexSize(4 * at, 4 * n, s.byteSize());
        return s.address() + 4 * at;
    }

    private static long bits(float f) {
        return Float.floatToRawIntBits(f) & 0xffffffffL;
    }

    @Override
    public void slope(
            Activation function,
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long n) {
        long whole = 0;
        if (n >= EIGHT && x.isNative() && dy.isNative() && dx.isNative()) {
            float c1 = switch (function) {
                case GELU_TANH -> ScalarMath.GELU_1;
                case QUICK_GELU -> 1.702f;
                case SILU -> 1;
                default -> 0;
            };
            float c3 = function == Activation.GELU_TANH ? ScalarMath.GELU_3 : 0;
            MachineCode code = c1 != 0 ? gatedSlope : slopes.get(function);
            if (code != null) {
                code.call(
                        place(x, xAt, n),
                        place(dy, dyAt, n),
                        place(dx, dxAt, n),
                        n / EIGHT,
                        bits(c1) | bits(c3) << 32,
                        0);
                MachineCode.keep(x, dy, dx);
                whole = n - n % EIGHT;
            }
        }
        PLAIN.slope(function, x, xAt + whole, dy, dyAt + whole, dx, dxAt + whole, n - whole);
    }

    @Override
    public void normBack(
            boolean rms,
            MemorySegment x,
            long xAt,
            MemorySegment gain,
            float offset,
            float eps,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment dGain,
            long dGainAt,
            MemorySegment dBias,
            long dBiasAt,
            int rows,
            int width,
            MemorySegment scratch,
            long scratchAt) {
        boolean heap = !x.isNative() || !gain.isNative() || !dy.isNative() || !dx.isNative() || !scratch.isNative();
        if (width % EIGHT != 0 || heap || rows == 0) {
            PLAIN.normBack(
                    rms, x, xAt, gain, offset, eps, dy, dyAt, dx, dxAt, dGain, dGainAt, dBias, dBiasAt, rows, width,
                    scratch, scratchAt);
            return;
        }
        long all = (long) rows * width;
        long from = place(x, xAt, all);
        long back = place(dy, dyAt, all);
        long to = place(dx, dxAt, all);
        place(scratch, scratchAt, ARGUMENTS);
        long step = 4L * width;
        put(scratch, scratchAt, DenseCode.GAIN, place(gain, 0, width));
        put(scratch, scratchAt, DenseCode.D_GAIN, dGain.byteSize() == 0 ? 0 : place(dGain, dGainAt, width));
        put(scratch, scratchAt, DenseCode.D_BIAS, dBias.byteSize() == 0 ? 0 : place(dBias, dBiasAt, width));
        put(scratch, scratchAt, DenseCode.EIGHTS, width / EIGHT);
        Floats.set(scratch, scratchAt + DenseCode.WIDTH / 4, width);
        Floats.set(scratch, scratchAt + DenseCode.EPS / 4, eps);
        Floats.set(scratch, scratchAt + DenseCode.OFFSET / 4, offset);
        MachineCode code = rms ? rmsNormBack : layerNormBack;
        for (int r = 0; r < rows; r++) {
            put(scratch, scratchAt, DenseCode.X, from + r * step);
            put(scratch, scratchAt, DenseCode.DY, back + r * step);
            put(scratch, scratchAt, DenseCode.DX, to + r * step);
            code.call(scratch.address() + 4 * scratchAt, 0, 0, 0, 0, 0);
        }
        MachineCode.keep(x, dy, dx, scratch);
        MachineCode.keep(gain, dGain, dBias);
    }

    @Override
    public void softmaxRows(float scale, MemorySegment p, long pAt, int rows, int stride, int valid, int more) {
        if (rows <= 0) {
            return;
        }
        if (stride % LANES != 0 || valid < 1 || more < 0 || valid + (rows - 1) * more > stride || !p.isNative()) {
            PLAIN.softmaxRows(scale, p, pAt, rows, stride, valid, more);
            return;
        }
        softmaxRows.call(place(p, pAt, (long) rows * stride), rows, 4L * stride, valid, more, bits(scale));
        MachineCode.keep(p);
    }

    @Override
    public void softmaxBack(float scale, MemorySegment p, long pAt, MemorySegment dp, long dpAt, int rows, int width) {
        if (rows <= 0 || width <= 0 || width % EIGHT != 0 || !p.isNative() || !dp.isNative()) {
            PLAIN.softmaxBack(scale, p, pAt, dp, dpAt, rows, width);
            return;
        }
        long n = (long) rows * width;
        softmaxBack.call(place(p, pAt, n), place(dp, dpAt, n), rows, width / EIGHT, bits(scale), 0);
        MachineCode.keep(p, dp);
    }
}
