package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Matrix products with vectors whose lanes are output rows. One or two rows of x are multiplied with weights decoded in
 * registers, straight from the packed bytes. For more rows a stretch of columns of a panel is widened to floats that stay
 * in the cache, and the register {@link Tile} goes over all rows. Both add in the same order, so both give the same bits.
 *
 * <p>Scratch, in bytes: sums {@code [ROW_BLOCK, 32]}, widened weights {@code [STRETCH, 32]}, scales of one panel (of two
 * panels with 512-bit vectors, which take two panels at a time to have four independent sums).
 */
final class VectorMatrix implements MatrixKernels {
    /** Rows whose sums are kept together; widening a panel costs one in so many. */
    private static final int ROW_BLOCK = 120;

    /** Columns that are widened at a time: one super-block; 32 KiB of floats. */
    private static final int STRETCH = 256;

    private static final int PANEL_BYTES = 4 * Layout.PANEL;
    private static final long WIDE_AT = (long) ROW_BLOCK * PANEL_BYTES;
    private static final long SCALES_AT = WIDE_AT + (long) STRETCH * PANEL_BYTES;
    private static final boolean PAIRS = Lanes.COUNT == 16;

    /** Up to so many rows each row reads the packed weights for itself. */
    private static final int SINGLE_ROWS = 2;

    @Override
    public boolean rounds() {
        return false;
    }

    @Override
    public long scratchFloats(PackedMatrix w, int rows) {
        return SCALES_AT / 4 + 2 * scaleBytes(w) / 4;
    }

    /** Bytes of one panel's scales: 32 floats for each 16 columns at most. */
    private static long scaleBytes(PackedMatrix w) {
        return (w.columns() + 31L) / 32 * 2 * PANEL_BYTES;
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
        long at = 4 * scratchAt;
        if (rows <= SINGLE_ROWS) {
            for (int r = 0; r < rows; r++) {
                single(w, x, 4 * (xAt + r * xStride), y, yAt + r * yStride, fromPanel, toPanel, add, scratch, at);
            }
            return;
        }
        for (int r = 0; r < rows; r += ROW_BLOCK) {
            int n = Math.min(ROW_BLOCK, rows - r);
            for (int p = fromPanel; p < toPanel; p++) {
                tiles(w, p, x, 4 * (xAt + r * xStride), 4 * xStride, n, scratch, at);
                for (int i = 0; i < n; i++) {
                    finish(w, p, scratch, at + (long) i * PANEL_BYTES, y, yAt + (r + i) * yStride, add);
                }
            }
        }
    }

    private static void single(
            PackedMatrix w,
            MemorySegment x,
            long xBytes,
            MemorySegment y,
            long yAt,
            int fromPanel,
            int toPanel,
            boolean add,
            MemorySegment scratch,
            long at) {
        for (int p = fromPanel; p < toPanel; p += PAIRS ? 2 : 1) {
            boolean two = PAIRS && p + 1 < toPanel;
            zero(scratch, at, 2);
            // With 4 lanes two turns over half of the rows each; with 16 one turn over two panels.
            for (int j = 0; j < PANEL_BYTES / 2; j += 2 * BYTES) {
                long second = PAIRS ? (two ? w.panelBytes : 0) : BYTES;
                panel(w, w.panelAt(p), j, second, x, xBytes, scratch, at);
            }
            finish(w, p, scratch, at, y, yAt, add);
            if (two) {
                finish(w, p + 1, scratch, at + PANEL_BYTES, y, yAt, add);
            }
        }
    }

    /** Four vectors of rows: at byte j of a word's row, {@code second} further, and 16 rows after each. */
    private static void panel(
            PackedMatrix w,
            long panelAt,
            int j,
            long second,
            MemorySegment x,
            long xBytes,
            MemorySegment scratch,
            long at) {
        long sumAt = at + j;
        long y1 = PAIRS ? PANEL_BYTES : BYTES;
        switch (w.layout) {
            case F32 -> Codes16.dot(w.data, panelAt + j, second, w.columns(), x, xBytes, scratch, sumAt, y1);
            case F16, BF16 -> pairs(w, panelAt + j, second, x, xBytes, scratch, sumAt, y1);
            default -> blocks(w, panelAt, j, second, x, xBytes, scratch, at);
        }
    }

    private static void pairs(
            PackedMatrix w,
            long at,
            long second,
            MemorySegment x,
            long xBytes,
            MemorySegment scratch,
            long sumAt,
            long y1) {
        int pairs = w.columns() / 2;
        boolean odd = w.columns() % 2 != 0;
        long last = at + (long) pairs * PANEL_BYTES;
        if (w.layout == Layout.F16) {
            if (pairs > 0) {
                Codes16.dotHalf(w.data, at, second, pairs, x, xBytes, scratch, sumAt, y1);
            }
            if (odd) {
                Codes16.lastHalf(w.data, last, second, x, xBytes + 8L * pairs, scratch, sumAt, y1);
            }
            return;
        }
        if (pairs > 0) {
            Codes16.dotBrain(w.data, at, second, pairs, x, xBytes, scratch, sumAt, y1);
        }
        if (odd) {
            Codes16.lastBrain(w.data, last, second, x, xBytes + 8L * pairs, scratch, sumAt, y1);
        }
    }

    private static void blocks(
            PackedMatrix w,
            long panelAt,
            int j,
            long second,
            MemorySegment x,
            long xBytes,
            MemorySegment scratch,
            long at) {
        Layout layout = w.layout;
        int blocks = w.columns() / Layout.BLOCK;
        long scaleAt = at + SCALES_AT;
        if (j == 0) {
            Scales.decode(w, panelAt, 0, blocks, scratch, scaleAt);
            if (PAIRS) {
                Scales.decode(w, panelAt + second, 0, blocks, scratch, scaleAt + scaleBytes(w));
            }
        }
        long s1 = PAIRS ? scaleBytes(w) : BYTES;
        int step = layout.superColumns == Layout.BLOCK ? blocks : layout.superColumns / Layout.BLOCK;
        int groups = layout.minimum || layout.group() == 16 ? 2 : 1; // rows of scales a block
        for (int b = 0; b < blocks; b += step) {
            long codes = panelAt + layout.blockAt(b) + 4L * layout.headerWords + j;
            long scales = scaleAt + (long) b * groups * PANEL_BYTES + j;
            dot(layout, w.data, codes, second, step, x, xBytes + 4L * Layout.BLOCK * b, scratch, scales, s1, at + j);
        }
    }

    private static void dot(
            Layout layout,
            MemorySegment w,
            long codes,
            long w1,
            int n,
            MemorySegment x,
            long xAt,
            MemorySegment scratch,
            long scales,
            long s1,
            long sums) {
        long stride = 4L * layout.blockWords();
        long y1 = PAIRS ? PANEL_BYTES : BYTES;
        switch (layout) {
            case Q8 -> Codes8.dot(w, codes, w1, stride, n, x, xAt, scratch, scales, s1, sums, y1);
            case Q4 -> Codes4.dot(w, codes, w1, stride, n, x, xAt, scratch, scales, s1, sums, y1);
            case Q4_MIN, Q4_SUPER -> Codes4.dotMinimum(w, codes, w1, stride, n, x, xAt, scratch, scales, s1, sums, y1);
            case Q5 -> Codes5.dot(w, codes, w1, stride, n, x, xAt, scratch, scales, s1, sums, y1);
            case Q5_MIN, Q5_SUPER -> {
                Codes5.dotMinimum(w, codes, w1, stride, n, x, xAt, scratch, scales, s1, sums, y1);
                Codes5.dotMinimum(w, codes + 64, w1, stride, n, x, xAt, scratch, scales + 64, s1, sums + 64, y1);
            }
            default -> Codes6.dot(w, codes, w1, stride, n, x, xAt, scratch, scales, s1, sums, y1);
        }
    }

    /** Sums of one panel over all columns for up to ROW_BLOCK rows, left in the scratch memory. */
    private static void tiles(
            PackedMatrix w,
            int panel,
            MemorySegment x,
            long xBytes,
            long xStride,
            int rows,
            MemorySegment scratch,
            long at) {
        zero(scratch, at, rows);
        for (int k = 0; k < w.columns(); k += STRETCH) {
            int n = Math.min(STRETCH, w.columns() - k);
            MemorySegment wide = w.layout == Layout.F32 ? w.data : scratch;
            long wideAt = w.layout == Layout.F32 ? w.panelAt(panel) + (long) k * PANEL_BYTES : at + WIDE_AT;
            if (w.layout != Layout.F32) {
                widen(w, w.panelAt(panel), k, n, scratch, at);
            }
            for (int j = 0; j < PANEL_BYTES; j += 2 * BYTES) {
                Tile.multiply(
                        wide,
                        wideAt + j,
                        wideAt + j + BYTES,
                        PANEL_BYTES,
                        n,
                        x,
                        xBytes + 4L * k,
                        xStride,
                        scratch,
                        at + j,
                        at + j + BYTES,
                        PANEL_BYTES,
                        rows);
            }
        }
    }

    /** Writes columns k to k + n of a panel as floats {@code [n, 32]}. */
    private static void widen(PackedMatrix w, long panelAt, int k, int n, MemorySegment scratch, long at) {
        Layout layout = w.layout;
        long out = at + WIDE_AT;
        if (!layout.blocked()) {
            long words = panelAt + k / 2 * (long) PANEL_BYTES;
            for (int j = 0; j < PANEL_BYTES; j += BYTES) {
                if (layout == Layout.F16) {
                    Codes16.expandHalf(w.data, words + j, (n + 1) / 2, scratch, out + j);
                } else {
                    Codes16.expandBrain(w.data, words + j, (n + 1) / 2, scratch, out + j);
                }
            }
            return;
        }
        int first = k / Layout.BLOCK;
        int blocks = n / Layout.BLOCK;
        long scales = at + SCALES_AT;
        Scales.decode(w, panelAt, first, blocks, scratch, scales);
        long codes = panelAt + layout.blockAt(first) + 4L * layout.headerWords;
        for (int j = 0; j < PANEL_BYTES; j += BYTES) {
            expand(layout, w.data, codes + j, blocks, scratch, scales + j, out + j);
        }
    }

    private static void expand(
            Layout layout, MemorySegment w, long codes, int n, MemorySegment scratch, long scales, long out) {
        long stride = 4L * layout.blockWords();
        switch (layout) {
            case Q8 -> Codes8.expand(w, codes, stride, n, scratch, scales, out);
            case Q4 -> Codes4.expand(w, codes, stride, n, scratch, scales, out);
            case Q4_MIN, Q4_SUPER -> Codes4.expandMinimum(w, codes, stride, n, scratch, scales, out);
            case Q5 -> Codes5.expand(w, codes, stride, n, scratch, scales, out);
            case Q5_MIN, Q5_SUPER -> Codes5.expandMinimum(w, codes, stride, n, scratch, scales, out);
            default -> Codes6.expand(w, codes, stride, n, scratch, scales, out);
        }
    }

    private static void zero(MemorySegment scratch, long at, int rows) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (long p = at; p < at + (long) rows * PANEL_BYTES; p += BYTES) {
            zero.intoMemorySegment(scratch, p, ORDER);
        }
    }

    /** Adds the bias and moves one row of a panel's sums to where it belongs, without what the last panel is padded with. */
    private static void finish(
            PackedMatrix w, int panel, MemorySegment sums, long at, MemorySegment y, long yAt, boolean add) {
        int first = panel * Layout.PANEL;
        int count = Math.min(Layout.PANEL, w.rows() - first);
        long to = 4 * (yAt + first);
        int i = 0;
        for (; i <= count - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector sum = FloatVector.fromMemorySegment(FLOATS, sums, at + 4L * i, ORDER);
            if (w.biased()) {
                sum = sum.add(FloatVector.fromMemorySegment(FLOATS, w.bias, 4L * (first + i), ORDER));
            }
            if (add) {
                sum = FloatVector.fromMemorySegment(FLOATS, y, to + 4L * i, ORDER)
                        .add(sum);
            }
            sum.intoMemorySegment(y, to + 4L * i, ORDER);
        }
        for (; i < count; i++) {
            float sum = sums.get(Floats.FLOAT, at + 4L * i);
            if (w.biased()) {
                sum += Floats.get(w.bias, first + i);
            }
            y.set(Floats.FLOAT, to + 4L * i, add ? y.get(Floats.FLOAT, to + 4L * i) + sum : sum);
        }
    }
}
