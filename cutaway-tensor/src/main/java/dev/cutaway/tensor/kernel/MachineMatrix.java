package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Products by machine code made at run time, see {@link ProductCode}: nothing to warm up, and instructions as they should be.
 * What it does not do (weights of f16 and bf16 with an odd number of columns, memory on the heap) plain code does.
 *
 * <p>Scratch: widened columns {@code [256, 32]}, sums {@code [rows, 32]}, arguments.
 */
final class MachineMatrix implements MatrixKernels {
    private static final int TILE = 6;
    /** Columns that are widened at once: half of a panel's rows of them, 16 kB, stay in the first cache. */
    private static final int DEPTH = 256;

    private static final int ARGUMENTS = ProductCode.TILE_ARGUMENTS / 4;
    private static final ScalarMatrix PLAIN = new ScalarMatrix();

    private static final long ADD = 1L << 32;

    private volatile Map<Layout, Codes> codes = new EnumMap<>(Layout.class); // replaced, never changed
    private final MachineCode[] tiles = new MachineCode[TILE + 1];
    private final MachineCode finish = MachineCode.of(ProductCode.finish());

    MachineMatrix() {
        for (int rows = 1; rows <= TILE; rows++) {
            tiles[rows] = MachineCode.of(ProductCode.tiles(rows));
        }
    }

    /** A layout's functions, made when the first matrix of its kind comes. */
    private record Codes(MachineCode dot, MachineCode expand) {}

    private synchronized Codes make(Layout layout) {
        Codes made = codes.get(layout);
        if (made == null) {
            MachineCode dot = MachineCode.of(ProductCode.dot(layout));
            made = new Codes(dot, layout == Layout.F32 ? dot : MachineCode.of(ProductCode.expand(layout)));
            Map<Layout, Codes> more = new EnumMap<>(codes);
            more.put(layout, made);
            codes = more;
        }
        return made;
    }

    /** The functions for tiles of 1 to 6 rows. */
    MachineCode tile(int rows) {
        return tiles[rows];
    }

    @Override
    public long scratchFloats(PackedMatrix w, int rows) {
        return (long) Layout.PANEL * (rows + DEPTH) + ARGUMENTS;
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
            MemorySegment scratch,
            long scratchAt) {
        if (rows == 0 || fromPanel >= toPanel) {
            return;
        }
        boolean halves = w.layout == Layout.F16 || w.layout == Layout.BF16;
        if (halves && w.columns() % 2 != 0 || !x.isNative() || !y.isNative() || !scratch.isNative()) {
            PLAIN.multiply(w, x, xAt, xStride, y, yAt, yStride, rows, fromPanel, toPanel, add, scratch, scratchAt);
            return;
        }
        check(w, x, xAt, xStride, y, yAt, yStride, rows, fromPanel, toPanel);
        Objects.checkFromIndexSize(4 * scratchAt, 4 * scratchFloats(w, rows), scratch.byteSize());
        Codes c = codes.get(w.layout);
        if (c == null) {
            c = make(w.layout);
        }
        if (rows == 1) {
            row(c, w, x.address() + 4 * xAt, y, yAt, fromPanel, toPanel, add, scratch, scratchAt);
        } else {
            for (int panel = fromPanel; panel < toPanel; panel++) {
                rows(c, w, x.address() + 4 * xAt, xStride, y, yAt, yStride, rows, panel, add, scratch, scratchAt);
            }
        }
        MachineCode.keep(w, x, y, scratch);
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
            long xStride,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int panel,
            boolean add,
            MemorySegment scratch,
            long scratchAt) {
        long wide = scratch.address() + 4 * scratchAt;
        long sums = wide + 4L * Layout.PANEL * DEPTH;
        long argumentsAt = scratchAt + (long) Layout.PANEL * (DEPTH + rows);
        long arguments = scratch.address() + 4 * argumentsAt;
        int columns = w.columns();
        for (int k = 0; k < columns; k += DEPTH) {
            int depth = Math.min(DEPTH, columns - k);
            long weights = wide;
            if (w.layout == Layout.F32) {
                weights = w.data.address() + w.panelAt(panel) + 4L * Layout.PANEL * k;
            } else {
                c.expand.call(w.data.address() + w.panelAt(panel) + placeOf(w, k), units(w, depth), wide, 0, 0, 0);
            }
            int whole = rows / TILE;
            number(scratch, argumentsAt, ProductCode.X_STRIDE, 4 * xStride);
            number(scratch, argumentsAt, ProductCode.W, weights);
            number(scratch, argumentsAt, ProductCode.W_STRIDE, 4L * Layout.PANEL);
            number(scratch, argumentsAt, ProductCode.Y_STRIDE, 4L * Layout.PANEL);
            number(scratch, argumentsAt, ProductCode.DEPTH, depth);
            number(scratch, argumentsAt, ProductCode.BLOCKS, 2);
            number(scratch, argumentsAt, ProductCode.BLOCK_STRIDE, 64);
            number(scratch, argumentsAt, ProductCode.MORE, k);
            if (whole > 0) {
                number(scratch, argumentsAt, ProductCode.X, x + 4L * k);
                number(scratch, argumentsAt, ProductCode.Y, sums);
                number(scratch, argumentsAt, ProductCode.TILES, whole);
                tiles[TILE].call(arguments, 0, 0, 0, 0, 0);
            }
            if (rows > whole * TILE) {
                number(scratch, argumentsAt, ProductCode.X, x + 4 * (k + whole * TILE * xStride));
                number(scratch, argumentsAt, ProductCode.Y, sums + 4L * whole * TILE * Layout.PANEL);
                number(scratch, argumentsAt, ProductCode.TILES, 1);
                tiles[rows - whole * TILE].call(arguments, 0, 0, 0, 0, 0);
            }
        }
        if ((panel + 1) * Layout.PANEL <= w.rows()) {
            long to = y.address() + 4 * (yAt + (long) panel * Layout.PANEL);
            long bias = w.biased() ? w.bias.address() + 4L * panel * Layout.PANEL : 0;
            finish.call(sums, rows, 0, to, 4 * yStride | (add ? ADD : 0), bias);
        } else {
            part(w, y, yAt, yStride, rows, panel, add, scratch, scratchAt + (long) Layout.PANEL * DEPTH);
        }
    }

    /** Bytes from a panel to a column at which columns are widened. */
    private static long placeOf(PackedMatrix w, int k) {
        return w.layout.blocked() ? w.layout.superAt(k / w.layout.superColumns) : 2L * Layout.PANEL * k;
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
