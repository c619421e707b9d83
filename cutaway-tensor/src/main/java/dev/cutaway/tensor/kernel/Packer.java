package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/** Rearranges weights into panels, see {@link Layout}; called once for each matrix, so it must read as fast as a disk. */
final class Packer {
    private Packer() {}

    /** Bytes of the file packed at a time; their pages are then given back. */
    private static final long PIECE = 2L << 20;

    /**
     * Fills the panels of {@code to} from the tensor, piece by piece: of a mapped file no more than a piece stays in memory beside
     * the panels.
     *
     * @param order for each row of {@code to} the tensor's row
     * @return false if the layout cannot hold it: a half that is infinite or no number, which the kernels' quick conversion does not know
     */
    static boolean pack(Tensor weight, LongUnaryOperator order, PackedMatrix to) {
        MemorySegment data = weight.data();
        long rowBytes = weight.dtype().bytes(to.columns());
        if (data.byteSize() < rowBytes * to.rows()) {
            throw new IllegalArgumentException(weight + " has fewer bytes than its shape needs");
        }
        boolean odd = (to.layout == Layout.F16 || to.layout == Layout.BF16) && to.columns() % 2 != 0;
        boolean same = to.layout != Layout.F32 || weight.dtype() == DType.F32;
        Optional<MachineCode> code =
                odd || !same || !data.isNative() || !to.data.isNative() ? Optional.empty() : PackCode.of(to.layout);
        int step = Math.clamp(PIECE / rowBytes / Layout.PANEL * Layout.PANEL, Layout.PANEL, 1 << 20);
        for (int first = 0; first < to.rows(); first += step) {
            int end = Math.min(to.rows(), first + step);
            MemorySegment piece = data.asSlice(first * rowBytes, (end - first) * rowBytes);
            if (to.layout == Layout.F16 && hasInfinity(piece)) {
                return false;
            }
            if (code.isPresent()) {
                packByMachine(code.get(), weight, order, to, first, end);
            } else {
                packByJava(weight, order, to, first, end);
            }
            if (piece.isMapped()) {
                piece.unload();
            }
        }
        return true;
    }

    private static boolean hasInfinity(MemorySegment data) {
        long whole = data.byteSize() / 32 * 32;
        boolean found = false;
        long from = 0;
        Optional<MachineCode> code = data.isNative() && whole > 0 ? PackCode.infinities() : Optional.empty();
        if (code.isPresent()) {
            found = code.get().call(data.address(), whole / 32, 0, 0, 0, 0) != 0;
            MachineCode.keep(data);
            from = whole;
        }
        for (long at = from; at < data.byteSize(); at += 2) {
            found |= (data.get(Floats.SHORT, at) & 0x7c00) == 0x7c00;
        }
        return found;
    }

    private static void packByJava(Tensor weight, LongUnaryOperator order, PackedMatrix to, int first, int end) {
        MemorySegment source = weight.data();
        long rowBytes = weight.dtype().bytes(to.columns());
        if (to.layout == Layout.F32) {
            packFloats(weight, order, to, first, end);
            return;
        }
        for (int row = first; row < end; row++) {
            long at = to.panelAt(row / Layout.PANEL);
            long from = order.applyAsLong(row) * rowBytes;
            int lane = row % Layout.PANEL;
            switch (to.layout) {
                case F16, BF16 -> packHalves(source, from, to, at + 4L * lane);
                case Q8 -> packBytes(source, from, to, at, lane);
                case Q4, Q4_MIN -> packNibbles(source, from, to, at, lane);
                case Q5, Q5_MIN -> packFives(source, from, to, at, lane);
                default -> SuperPacker.pack(source, from, to, at, lane);
            }
        }
    }

    private static void packByMachine(
            MachineCode code, Tensor weight, LongUnaryOperator order, PackedMatrix to, int first, int end) {
        Layout layout = to.layout;
        long rowBytes = weight.dtype().bytes(to.columns());
        long units = rowBytes / PackCode.sourceBytes(layout);
        long start = weight.data().address();
        Optional<MachineCode> eights = PackCode.eights(layout);
        int rows;
        for (int row = first; row < end; row += rows) {
            int lane = row % Layout.PANEL;
            long panel = to.data.address() + to.panelAt(row / Layout.PANEL);
            long block = panel + 4L * layout.superHeaderWords;
            long codes = block + 4L * (layout.headerWords + lane);
            long header = layout.headerWords == Layout.PANEL ? 4L * lane : 4L * (lane % 16) + 2L * (lane / 16);
            // As many rows as lie at equal distances in the file, up to the half of a panel, where headers begin anew.
            long from = Objects.checkIndex(order.applyAsLong(row), to.rows());
            int most = Math.min(end - row, 16 - lane % 16);
            long stride = most > 1 ? order.applyAsLong(row + 1) - from : 0;
            rows = 1;
            while (rows < most && order.applyAsLong(row + rows) == from + rows * stride) {
                rows++;
            }
            Objects.checkIndex(from + (rows - 1) * stride, to.rows());
            MachineCode fits = code;
            if (rows >= 8 && eights.isPresent()) {
                fits = eights.get();
                rows &= -8;
            }
            fits.call(start + from * rowBytes, codes, block + header, units, rows, stride * rowBytes);
        }
        MachineCode.keep(weight, to);
    }

    private static void packFloats(Tensor weight, LongUnaryOperator order, PackedMatrix to, int first, int end) {
        int columns = to.columns();
        for (int row = first; row < end; ) {
            long from = order.applyAsLong(row);
            int rows = 1; // that lie together, so that not every row is widened by itself
            while (row + rows < end
                    && (row + rows) % Layout.PANEL != 0
                    && order.applyAsLong(row + rows) == from + rows) {
                rows++;
            }
            MemorySegment wide = weight.slice(0, from, from + rows).widen().data();
            long at = to.panelAt(row / Layout.PANEL) + 4L * (row % Layout.PANEL);
            for (int k = 0; k < columns; k++) {
                for (int r = 0; r < rows; r++) {
                    to.data.set(
                            Floats.FLOAT, at + 4L * (Layout.PANEL * k + r), Floats.get(wide, (long) r * columns + k));
                }
            }
            row += rows;
        }
    }

    private static void packHalves(MemorySegment source, long from, PackedMatrix to, long at) {
        int pairs = to.columns() / 2;
        for (int p = 0; p < pairs; p++) {
            to.data.set(Floats.INT, at + 4L * Layout.PANEL * p, source.get(Floats.INT, from + 4L * p));
        }
        if (to.columns() % 2 != 0) {
            int last = source.get(Floats.SHORT, from + 4L * pairs) & 0xffff;
            to.data.set(Floats.INT, at + 4L * Layout.PANEL * pairs, last);
        }
    }

    private static void packBytes(MemorySegment source, long from, PackedMatrix to, long at, int lane) {
        for (int b = 0; b < to.columns() / Layout.BLOCK; b++) {
            long block = from + 34L * b;
            long target = at + to.layout.blockAt(b);
            pairedHeader(to, target, lane, source.get(Floats.SHORT, block));
            for (int i = 0; i < 8; i++) {
                word(to, target, lane, i, source.get(Floats.INT, block + 2 + 4 * i));
            }
        }
    }

    private static void packNibbles(MemorySegment source, long from, PackedMatrix to, long at, int lane) {
        boolean minimum = to.layout == Layout.Q4_MIN;
        int codesAt = minimum ? 4 : 2;
        int sign = minimum ? 0 : 0x88888888; // code - 8 in two's complement
        for (int b = 0; b < to.columns() / Layout.BLOCK; b++) {
            long block = from + (codesAt + 16L) * b;
            long target = at + to.layout.blockAt(b);
            header(source, block, minimum, to, target, lane);
            for (int i = 0; i < 2; i++) {
                long pairs = source.get(Floats.LONG, block + codesAt + 8 * i);
                word(to, target, lane, i, lowNibbles(pairs) ^ sign);
                word(to, target, lane, i + 2, lowNibbles(pairs >>> 4) ^ sign);
            }
        }
    }

    private static void header(
            MemorySegment source, long block, boolean minimum, PackedMatrix to, long target, int lane) {
        if (minimum) {
            to.data.set(Floats.INT, target + 4L * lane, source.get(Floats.INT, block));
        } else {
            pairedHeader(to, target, lane, source.get(Floats.SHORT, block));
        }
    }

    /** The eight low nibbles of the bytes, side by side. */
    static int lowNibbles(long bytes) {
        return (int) Long.compress(bytes, 0x0f0f0f0f0f0f0f0fL);
    }

    private static void packFives(MemorySegment source, long from, PackedMatrix to, long at, int lane) {
        boolean minimum = to.layout == Layout.Q5_MIN;
        int highAt = minimum ? 4 : 2;
        int centre = minimum ? 0 : 16;
        int[] codes = new int[Layout.BLOCK];
        for (int b = 0; b < to.columns() / Layout.BLOCK; b++) {
            long block = from + (highAt + 20L) * b;
            long target = at + to.layout.blockAt(b);
            header(source, block, minimum, to, target, lane);
            int high = source.get(Floats.INT, block + highAt);
            for (int i = 0; i < 16; i++) {
                int pair = source.get(Floats.BYTE, block + highAt + 4 + i);
                codes[i] = (pair & 15 | (high >>> i & 1) << 4) - centre;
                codes[i + 16] = (pair >>> 4 & 15 | (high >>> i + 16 & 1) << 4) - centre;
            }
            putFives(to, target, lane, codes);
        }
    }

    /** 32 5-bit codes into five words. */
    static void putFives(PackedMatrix to, long target, int lane, int[] codes) {
        for (int i = 0; i < 5; i++) {
            int w = (codes[30] >>> i & 1) << 15 | (codes[31] >>> i & 1) << 31;
            for (int j = 0; j < 6; j++) {
                w |= (codes[6 * i + j] & 31) << 5 * (j / 2) + 16 * (j % 2);
            }
            word(to, target, lane, i, w);
        }
    }

    /** 32 6-bit codes into six words. */
    static void putSixes(PackedMatrix to, long target, int lane, int[] codes) {
        for (int half = 0; half < 2; half++) {
            int last = four(codes, 16 * half + 12);
            for (int i = 0; i < 3; i++) {
                int w = four(codes, 16 * half + 4 * i) | (last >>> 4 * i & 0x000f000f) << 12;
                word(to, target, lane, 3 * half + i, w);
            }
        }
    }

    /** Four 6-bit codes, two in each half. */
    private static int four(int[] codes, int from) {
        int w = 0;
        for (int j = 0; j < 4; j++) {
            w |= (codes[from + j] & 63) << 6 * (j / 2) + 16 * (j % 2);
        }
        return w;
    }

    /** Code word {@code i} of a block for one row. */
    static void word(PackedMatrix to, long block, int lane, int i, int value) {
        to.data.set(Floats.INT, block + 4L * (to.layout.headerWords + i * Layout.PANEL + lane), value);
    }

    /** A 16-bit field: rows 0 to 15 in the low halves of 16 words, rows 16 to 31 in the high halves. */
    static void pairedHeader(PackedMatrix to, long at, int lane, int value) {
        to.data.set(Floats.SHORT, at + 4L * (lane % 16) + 2L * (lane / 16), (short) value);
    }
}
