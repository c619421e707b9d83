package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Attention as two dense products with a softmax between them, by machine code: {@link ProductCode#tiles} over panels of keys,
 * then over the rows of values. Queries go through a tile up to six at a time: several rows of one head, or, where a step has
 * fewer rows than the group has heads, the heads of one row, which share the loads of keys and values. A query's unseen keys
 * get a probability of exactly zero, so results do not depend on the company. What it does not do (values whose length is not a
 * multiple of sixteen, memory on the heap) plain code does.
 *
 * <p>Scratch: scores {@code [6, keys]}, keys rounded up to panels and eight more; arguments.
 */
@SuppressWarnings({"ReferenceEquality", "MemorySegmentReferenceEquality"}) // the marker of no bias is one object
final class MachineAttention implements AttentionKernels {
    private static final int TILE = 6;
    private static final int EIGHT = 8;
    private static final int VALUES = 16;
    private static final int ARGUMENTS = ProductCode.TILE_ARGUMENTS / 4;
    private static final MemorySegment NOTHING = MemorySegment.NULL;
    private static final ScalarAttention OTHER = new ScalarAttention();

    private final MachineMatrix matrix;
    private final MachineRows rows;

    MachineAttention(MachineMatrix matrix, MachineRows rows) {
        this.matrix = matrix;
        this.rows = rows;
    }

    @Override
    public long scratchFloats(AttentionShape shape, int keys) {
        return Math.max(OTHER.scratchFloats(shape, keys), TILE * stride(keys) + ARGUMENTS + 2);
    }

    /** Floats from one row of scores to the next: whole panels, and room to round up to eight from any key. */
    private static long stride(int keys) {
        return (keys + KEYS - 1L) / KEYS * KEYS + KEYS;
    }

    @Override
    public void attend(
            AttentionShape shape,
            MemorySegment q,
            long qAt,
            long qStride,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int rowCount,
            MemorySegment out,
            long outAt,
            long outStride,
            MemorySegment scratch,
            long scratchAt) {
        attendBiased(
                shape, q, qAt, qStride, k, kAt, v, vAt, vStride, keys, position, rowCount, out, outAt, outStride,
                scratch, scratchAt, NOTHING, 0, 0, 0);
    }

    @Override
    public void attendBiased(
            AttentionShape shape,
            MemorySegment q,
            long qAt,
            long qStride,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int rowCount,
            MemorySegment out,
            long outAt,
            long outStride,
            MemorySegment scratch,
            long scratchAt,
            MemorySegment bias,
            long biasAt,
            long biasHeadStride,
            long biasRowStride) {
        boolean nativeOnly = q.isNative() && k.isNative() && v.isNative() && out.isNative() && scratch.isNative();
        if (shape.valueSize() % VALUES != 0 || !nativeOnly) {
            if (bias == NOTHING) {
                OTHER.attend(
                        shape, q, qAt, qStride, k, kAt, v, vAt, vStride, keys, position, rowCount, out, outAt,
                        outStride, scratch, scratchAt);
            } else {
                OTHER.attendBiased(
                        shape,
                        q,
                        qAt,
                        qStride,
                        k,
                        kAt,
                        v,
                        vAt,
                        vStride,
                        keys,
                        position,
                        rowCount,
                        out,
                        outAt,
                        outStride,
                        scratch,
                        scratchAt,
                        bias,
                        biasAt,
                        biasHeadStride,
                        biasRowStride);
            }
            return;
        }
        if (rowCount == 0) {
            return;
        }
        check(q, qAt, qStride, rowCount, shape.heads() * shape.headSize());
        check(out, outAt, outStride, rowCount, shape.heads() * shape.valueSize());
        check(v, vAt, vStride, keys, shape.valueSize());
        Objects.checkFromIndexSize(4 * kAt, 4 * AttentionKernels.keyFloats(keys, shape.headSize()), k.byteSize());
        Objects.checkFromIndexSize(4 * scratchAt, 4 * scratchFloats(shape, keys), scratch.byteSize());
        long argumentsAt = scratchAt + TILE * stride(keys);
        argumentsAt += argumentsAt & 1;
        boolean byHead = rowCount >= shape.heads();
        int outer = byHead ? shape.heads() : rowCount;
        int inner = byHead ? rowCount : shape.heads();
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < inner; i += TILE) {
                int n = Math.min(TILE, inner - i);
                int row = byHead ? i : o;
                int head = byHead ? o : i;
                int lastRow = byHead ? row + n - 1 : row;
                int seen = shape.firstKey(position + row);
                int from = seen / KEYS * KEYS;
                int to = shape.lastKey(position + lastRow, keys) + 1;
                long stride = stride(to - from);
                argument(scratch, argumentsAt, ProductCode.X, q, qAt + row * qStride + (long) head * shape.headSize());
                argument(scratch, argumentsAt, ProductCode.X_STRIDE, 4 * (byHead ? qStride : shape.headSize()));
                argument(scratch, argumentsAt, ProductCode.W, k, kAt + (long) from * shape.headSize());
                argument(scratch, argumentsAt, ProductCode.W_STRIDE, 4L * KEYS);
                argument(scratch, argumentsAt, ProductCode.Y, scratch, scratchAt);
                argument(scratch, argumentsAt, ProductCode.Y_STRIDE, 4 * stride);
                argument(scratch, argumentsAt, ProductCode.DEPTH, shape.headSize());
                argument(scratch, argumentsAt, ProductCode.TILES, 1);
                argument(scratch, argumentsAt, ProductCode.BLOCKS, (to - from + KEYS - 1) / KEYS);
                argument(scratch, argumentsAt, ProductCode.BLOCK_STRIDE, 4L * KEYS * shape.headSize());
                argument(scratch, argumentsAt, ProductCode.MORE, 0);
                matrix.tile(n).call(scratch.address() + 4 * argumentsAt, 0, 0, 0, 0, 0);
                for (int t = 0; t < n; t++) {
                    int r = byHead ? row + t : row;
                    int h = byHead ? head : head + t;
                    int first = shape.firstKey(position + r);
                    int last = shape.lastKey(position + r, keys);
                    long biasRow = biasAt + h * biasHeadStride + r * biasRowStride;
                    weigh(shape, scratch, scratchAt + t * stride, from, to, first, last, bias, biasRow);
                }
                argument(scratch, argumentsAt, ProductCode.X, scratch, scratchAt + seen - from);
                argument(scratch, argumentsAt, ProductCode.X_STRIDE, 4 * stride);
                argument(scratch, argumentsAt, ProductCode.W, v, vAt + seen * vStride);
                argument(scratch, argumentsAt, ProductCode.W_STRIDE, 4 * vStride);
                argument(
                        scratch,
                        argumentsAt,
                        ProductCode.Y,
                        out,
                        outAt + row * outStride + (long) head * shape.valueSize());
                argument(scratch, argumentsAt, ProductCode.Y_STRIDE, 4 * (byHead ? outStride : shape.valueSize()));
                argument(scratch, argumentsAt, ProductCode.DEPTH, to - seen);
                argument(scratch, argumentsAt, ProductCode.BLOCKS, shape.valueSize() / VALUES);
                argument(scratch, argumentsAt, ProductCode.BLOCK_STRIDE, 4L * VALUES);
                matrix.tile(n).call(scratch.address() + 4 * argumentsAt, 0, 0, 0, 0, 0);
            }
        }
        MachineCode.keep(q, k, v, out);
        MachineCode.keep(scratch);
    }

    /** Machine code checks nothing: everything that it will touch is checked here. */
    private static void check(MemorySegment s, long at, long stride, int count, long width) {
        if (stride < 0) {
            throw new IndexOutOfBoundsException("rows " + stride + " floats apart");
        }
        Objects.checkFromIndexSize(4 * at, 4 * ((count - 1) * stride + width), s.byteSize());
    }

    private static void argument(MemorySegment scratch, long at, int offset, MemorySegment s, long place) {
        argument(scratch, at, offset, s.address() + 4 * place);
    }

    private static void argument(MemorySegment scratch, long at, int offset, long value) {
        scratch.set(Floats.LONG, 4 * at + offset, value);
    }

    /** One query's scores, of keys {@code from} on, to probabilities; zero where it sees nothing. */
    private void weigh(
            AttentionShape shape,
            MemorySegment scratch,
            long at,
            int from,
            int to,
            int first,
            int last,
            MemorySegment bias,
            long biasRow) {
        long start = at + first - from;
        int seen = last - first + 1;
        float factor = shape.scale();
        if (bias != NOTHING || shape.softCap() > 0) {
            rows.scale(factor, scratch, start, scratch, start, seen);
            if (bias != NOTHING) {
                rows.add(scratch, start, bias, biasRow + first, scratch, start, seen);
            }
            if (shape.softCap() > 0) {
                rows.softCap(shape.softCap(), scratch, start, scratch, start, seen);
            }
            factor = 1;
        }
        int eights = (seen + EIGHT - 1) / EIGHT * EIGHT;
        for (int i = seen; i < eights; i++) {
            Floats.set(scratch, start + i, Float.NEGATIVE_INFINITY); // times a positive factor; becomes exactly 0
        }
        rows.softmaxEights(factor, scratch, start, scratch, start, eights);
        for (int key = from; key < first; key++) {
            Floats.set(scratch, at + key - from, 0);
        }
        for (int key = last + 1; key < to; key++) {
            Floats.set(scratch, at + key - from, 0);
        }
    }
}
