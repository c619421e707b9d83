package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.Cpu;
import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Products by machine code made at run time, see {@link ProductCode} and {@link RoundedCode}: nothing to warm up, and
 * instructions as they should be. What it does not do (weights of f16 and bf16 with an odd number of columns, memory on the
 * heap) plain code does.
 *
 * <p>Scratch: what the activations there are those of; activations as they are taken {@code [rows, columns]}, if they are
 * rounded; widened columns {@code [256, 32]} with their scales; sums {@code [rows, 32]}; arguments.
 */
final class MachineMatrix implements MatrixKernels {
    private static final int TILE = 6;
    /** Columns that are widened at once: half of a panel's rows of them, 16 kB, stay in the first cache. */
    static final int DEPTH = 256;

    private static final int FEW = 2 * TILE;
    private static final int LINE = 16; // floats
    private static final int SCALES = 2 * DEPTH / Layout.BLOCK * Layout.PANEL;
    private static final int ARGUMENTS = ProductCode.TILE_ARGUMENTS / 4;
    private static final ScalarMatrix PLAIN = new ScalarMatrix(true);

    private static final long ADD = 1L << 32;

    private final Optional<VectorMatrix> wider;
    private final boolean dots = Cpu.read().vnni();
    private volatile Map<Layout, Codes> codes = new EnumMap<>(Layout.class); // replaced, never changed
    private final MachineCode[] tiles = new MachineCode[TILE + 1];
    private final MachineCode finish = MachineCode.of(ProductCode.finish());

    /** {@code wider}: what is quicker with many rows of float weights, if anything is. */
    MachineMatrix(Optional<VectorMatrix> wider) {
        this.wider = wider;
        for (int rows = 1; rows <= TILE; rows++) {
            tiles[rows] = MachineCode.of(ProductCode.tiles(rows));
        }
    }

    /** A layout's functions, made when the first matrix of its kind comes; of floats, {@code round} is none. */
    private record Codes(MachineCode dot, MachineCode expand, Optional<MachineCode> round, MachineCode[] tiles) {}

    private synchronized Codes make(Layout layout) {
        Codes made = codes.get(layout);
        if (made == null) {
            made = layout.blocked() ? rounded(new RoundedCode(layout, dots)) : floats(layout);
            Map<Layout, Codes> more = new EnumMap<>(codes);
            more.put(layout, made);
            codes = more;
        }
        return made;
    }

    private Codes floats(Layout layout) {
        MachineCode dot = MachineCode.of(ProductCode.dot(layout));
        return new Codes(dot, MachineCode.of(ProductCode.expand(layout)), Optional.empty(), tiles);
    }

    private static Codes rounded(RoundedCode code) {
        MachineCode[] tiles = new MachineCode[TILE + 1];
        for (int rows = 1; rows <= TILE; rows++) {
            tiles[rows] = MachineCode.of(code.tiles(rows));
        }
        return new Codes(
                MachineCode.of(code.dot()),
                MachineCode.of(code.expand()),
                Optional.of(MachineCode.of(code.round())),
                tiles);
    }

    /** The functions for tiles of 1 to 6 rows of floats. */
    MachineCode tile(int rows) {
        return tiles[rows];
    }

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public long scratchFloats(PackedMatrix w, int rows) {
        long own =
                LINE + records(w, rows) + DEPTH * (long) Layout.PANEL + SCALES + (long) Layout.PANEL * rows + ARGUMENTS;
        return wider.isPresent() ? Math.max(own, wider.get().scratchFloats(w, rows)) : own;
    }

    /** Floats that rounded activations take. */
    private static long records(PackedMatrix w, int rows) {
        return w.layout.blocked() ? (long) rows * (w.columns() / Layout.BLOCK) * (RoundedCode.RECORD / 4) : 0;
    }

    @Override
    public void multiply(
            PackedMatrix w,
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int fromPanel,
            int toPanel,
            boolean add,
            long input,
            MemorySegment scratch,
            long scratchAt) {
        if (rows == 0 || fromPanel >= toPanel) {
            return;
        }
        boolean halves = w.layout == Layout.F16 || w.layout == Layout.BF16;
        if (halves && w.columns() % 2 != 0 || !x.isNative() || !y.isNative() || !scratch.isNative()) {
            PLAIN.multiply(w, x, xAt, xStride, y, yAt, yStride, rows, fromPanel, toPanel, add, 0, scratch, scratchAt);
            return;
        }
        if (wider.isPresent() && rows > FEW && !w.layout.blocked()) {
            wider.get()
                    .multiply(
                            w, x, xAt, xStride, y, yAt, yStride, rows, fromPanel, toPanel, add, 0, scratch, scratchAt);
            return;
        }
        check(w, x, xAt, xStride, y, yAt, yStride, rows, fromPanel, toPanel);
        Objects.checkFromIndexSize(4 * scratchAt, 4 * scratchFloats(w, rows), scratch.byteSize());
        Codes c = codes.get(w.layout);
        if (c == null) {
            c = make(w.layout);
        }
        long from = x.address() + 4 * xAt;
        long bytes = 4 * xStride;
        if (c.round.isPresent()) {
            from = round(c.round.get(), w, from, bytes, rows, input, scratch, scratchAt);
            bytes = records(w, 4);
        }
        long work = scratchAt + LINE + records(w, rows);
        if (rows == 1) {
            row(c, w, from, y, yAt, fromPanel, toPanel, add, scratch, work);
        } else {
            for (int panel = fromPanel; panel < toPanel; panel++) {
                rows(c, w, from, bytes, y, yAt, yStride, rows, panel, add, scratch, work);
            }
        }
        MachineCode.keep(w, x, y, scratch);
    }

    /** Rounded rows of x, unless they are there already; their address. */
    private static long round(
            MachineCode round,
            PackedMatrix w,
            long x,
            long xBytes,
            int rows,
            long input,
            MemorySegment scratch,
            long scratchAt) {
        long records = scratch.address() + 4 * (scratchAt + LINE);
        long kind =
                (w.layout.codeBits << 1 | (w.layout.minimum ? 1L : 0)) << 32 | w.columns(); // what records depend on
        long at = 4 * scratchAt;
        boolean known = input != 0
                && scratch.get(Floats.LONG, at) == input
                && scratch.get(Floats.LONG, at + 8) == kind
                && scratch.get(Floats.LONG, at + 16) == x
                && scratch.get(Floats.LONG, at + 24) == rows;
        if (!known) {
            round.call(x, records, w.columns() / Layout.BLOCK, rows, xBytes, 0);
            scratch.set(Floats.LONG, at, input);
            scratch.set(Floats.LONG, at + 8, kind);
            scratch.set(Floats.LONG, at + 16, x);
            scratch.set(Floats.LONG, at + 24, rows);
        }
        return records;
    }

    /** Machine code checks nothing: everything that it will touch is checked here. */
    private static void check(
            PackedMatrix w,
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int fromPanel,
            int toPanel) {
        Objects.checkFromToIndex(fromPanel, toPanel, w.panels());
        Objects.checkFromIndexSize(4 * xAt, 4 * ((rows - 1) * xStride + w.columns()), x.byteSize());
        int outputs = Math.min(w.rows(), toPanel * Layout.PANEL);
        Objects.checkFromIndexSize(4 * yAt, 4 * ((rows - 1) * yStride + outputs), y.byteSize());
        if (xStride < 0 || yStride < 0 || 4 * yStride >= 1L << 32) {
            throw new IndexOutOfBoundsException("rows " + xStride + " and " + yStride + " floats apart");
        }
    }

    private static long units(PackedMatrix w, int columns) {
        return switch (w.layout) {
            case F32 -> columns;
            case F16, BF16 -> columns / 2;
            default -> columns / w.layout.superColumns;
        };
    }

    private static void row(
            Codes c,
            PackedMatrix w,
            long x,
            MemorySegment y,
            long yAt,
            int fromPanel,
            int toPanel,
            boolean add,
            MemorySegment scratch,
            long scratchAt) {
        int whole = Math.min(toPanel, w.rows() / Layout.PANEL);
        long units = units(w, w.columns());
        long first = w.data.address() + w.panelAt(fromPanel);
        if (whole > fromPanel) {
            long to = y.address() + 4 * (yAt + (long) fromPanel * Layout.PANEL);
            long bias = w.biased() ? w.bias.address() + 4L * fromPanel * Layout.PANEL : 0;
            c.dot.call(first, whole - fromPanel, x, to, units | (add ? ADD : 0), bias);
        }
        if (whole < toPanel) {
            long last = w.data.address() + w.panelAt(toPanel - 1);
            c.dot.call(last, 1, x, scratch.address() + 4 * scratchAt, units, 0);
            part(w, y, yAt, 0, 1, toPanel - 1, add, scratch, scratchAt);
        }
    }

    private void rows(
            Codes c,
            PackedMatrix w,
            long x,
            long xBytes,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int panel,
            boolean add,
            MemorySegment scratch,
            long scratchAt) {
        long sumsAt = scratchAt + (long) Layout.PANEL * DEPTH + SCALES;
        long argumentsAt = sumsAt + (long) Layout.PANEL * rows;
        for (int k = 0; k < w.columns(); k += DEPTH) {
            int depth = Math.min(DEPTH, w.columns() - k);
            if (w.layout.blocked()) {
                roundedTiles(c, w, x, xBytes, rows, panel, k, depth, scratch, scratchAt, argumentsAt);
            } else {
                tiles(c, w, x, xBytes, rows, panel, k, depth, scratch, scratchAt, argumentsAt);
            }
        }
        if ((panel + 1) * Layout.PANEL <= w.rows()) {
            long to = y.address() + 4 * (yAt + (long) panel * Layout.PANEL);
            long bias = w.biased() ? w.bias.address() + 4L * panel * Layout.PANEL : 0;
            finish.call(scratch.address() + 4 * sumsAt, rows, 0, to, 4 * yStride | (add ? ADD : 0), bias);
        } else {
            part(w, y, yAt, yStride, rows, panel, add, scratch, sumsAt);
        }
    }

    /** Adds some columns' part to all rows' sums for a panel: weights as floats. */
    private static void tiles(
            Codes c,
            PackedMatrix w,
            long x,
            long xBytes,
            int rows,
            int panel,
            int k,
            int depth,
            MemorySegment scratch,
            long scratchAt,
            long arguments) {
        long weights = scratch.address() + 4 * scratchAt;
        boolean direct = w.layout == Layout.F32 && rows <= FEW; // rearranging must pay
        if (direct) {
            weights = w.data.address() + w.panelAt(panel) + placeOf(w, k);
        } else {
            c.expand.call(w.data.address() + w.panelAt(panel) + placeOf(w, k), units(w, depth), weights, 0, 0, 0);
        }
        number(scratch, arguments, ProductCode.X_STRIDE, xBytes);
        number(scratch, arguments, ProductCode.W, weights);
        number(scratch, arguments, ProductCode.W_STRIDE, direct ? 4L * Layout.PANEL : 2L * Layout.PANEL);
        number(scratch, arguments, ProductCode.Y_STRIDE, 4L * Layout.PANEL);
        number(scratch, arguments, ProductCode.DEPTH, depth);
        number(scratch, arguments, ProductCode.BLOCKS, 2);
        number(scratch, arguments, ProductCode.BLOCK_STRIDE, direct ? 64 : ProductCode.HALF_BYTES);
        number(scratch, arguments, ProductCode.MORE, k);
        int whole = rows / TILE;
        long sums = scratch.address() + 4 * (arguments - (long) Layout.PANEL * rows);
        if (whole > 0) {
            number(scratch, arguments, ProductCode.X, x + 4L * k);
            number(scratch, arguments, ProductCode.Y, sums);
            number(scratch, arguments, ProductCode.TILES, whole);
            c.tiles[TILE].call(scratch.address() + 4 * arguments, 0, 0, 0, 0, 0);
        }
        if (rows > whole * TILE) {
            number(scratch, arguments, ProductCode.X, x + 4L * k + whole * TILE * xBytes);
            number(scratch, arguments, ProductCode.Y, sums + 4L * whole * TILE * Layout.PANEL);
            number(scratch, arguments, ProductCode.TILES, 1);
            c.tiles[rows - whole * TILE].call(scratch.address() + 4 * arguments, 0, 0, 0, 0, 0);
        }
    }

    /** Adds some columns' part to all rows' sums for a panel: weights as codes, activations rounded. */
    private static void roundedTiles(
            Codes c,
            PackedMatrix w,
            long x,
            long xBytes,
            int rows,
            int panel,
            int k,
            int depth,
            MemorySegment scratch,
            long scratchAt,
            long arguments) {
        long wide = scratch.address() + 4 * scratchAt;
        long scales = wide + 4L * Layout.PANEL * DEPTH;
        c.expand.call(w.data.address() + w.panelAt(panel) + placeOf(w, k), units(w, depth), wide, scales, 0, 0);
        number(scratch, arguments, RoundedCode.X_STRIDE, xBytes);
        number(scratch, arguments, RoundedCode.CODES, wide);
        number(scratch, arguments, RoundedCode.SCALES, scales);
        number(scratch, arguments, RoundedCode.BLOCKS, depth / Layout.BLOCK);
        number(scratch, arguments, RoundedCode.MORE, k);
        int whole = rows / TILE;
        long sums = scratch.address() + 4 * (arguments - (long) Layout.PANEL * rows);
        long from = x + (long) k / Layout.BLOCK * RoundedCode.RECORD;
        if (whole > 0) {
            number(scratch, arguments, RoundedCode.X, from);
            number(scratch, arguments, RoundedCode.Y, sums);
            number(scratch, arguments, RoundedCode.TILES, whole);
            c.tiles[TILE].call(scratch.address() + 4 * arguments, 0, 0, 0, 0, 0);
        }
        if (rows > whole * TILE) {
            number(scratch, arguments, RoundedCode.X, from + whole * TILE * xBytes);
            number(scratch, arguments, RoundedCode.Y, sums + 4L * whole * TILE * Layout.PANEL);
            number(scratch, arguments, RoundedCode.TILES, 1);
            c.tiles[rows - whole * TILE].call(scratch.address() + 4 * arguments, 0, 0, 0, 0, 0);
        }
    }

    /** Bytes from a panel to a column at which columns are widened. */
    private static long placeOf(PackedMatrix w, int k) {
        return w.layout.blocked() ? w.layout.superAt(k / w.layout.superColumns) : w.layout.panelBytes(k);
    }

    private static void number(MemorySegment scratch, long at, int offset, long value) {
        scratch.set(Floats.LONG, 4 * at + offset, value);
    }

    /** The sums of a last panel that has fewer rows than others. */
    private static void part(
            PackedMatrix w,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int panel,
            boolean add,
            MemorySegment scratch,
            long sumsAt) {
        for (int n = panel * Layout.PANEL; n < w.rows(); n++) {
            for (int r = 0; r < rows; r++) {
                float sum = Floats.get(scratch, sumsAt + (long) r * Layout.PANEL + n % Layout.PANEL);
                if (w.biased()) {
                    sum += Floats.get(w.bias, n);
                }
                long at = yAt + r * yStride + n;
                Floats.set(y, at, add ? Floats.get(y, at) + sum : sum);
            }
        }
    }
}
