package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Attention as two dense products with a softmax between them. Queries go through the register {@link Tile} up to six at a
 * time: several rows of one head, or, where a step has fewer rows than the group has heads, the heads of one row, which
 * share the loads of keys and values. Scores are computed for all keys that any query of the tile sees; a query's unseen
 * ones become probabilities of zero, which leave its sums as they are, so results do not depend on the company.
 *
 * <p>Scratch: probabilities {@code [6, keys]}, keys rounded up to two vectors; keys and values widened, where they are kept as
 * 16-bit floats.
 */
@SuppressWarnings({"ReferenceEquality", "MemorySegmentReferenceEquality"}) // the marker of no bias is one object
final class VectorAttention implements AttentionKernels {
    private static final VectorRows ROWS = new VectorRows();
    private static final int SPAN = 32; // keys are taken in spans of the widest two vectors
    private static final MemorySegment NOTHING = MemorySegment.NULL;

    @Override
    public long scratchFloats(AttentionShape shape, int keys) {
        long widened = shape.halves()
                ? AttentionKernels.keyFloats(keys, shape.headSize()) + (long) keys * shape.valueSize()
                : 0;
        return (long) Tile.ROWS * span(keys) + widened;
    }

    private static int span(int keys) {
        return (keys + SPAN - 1) / SPAN * SPAN;
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
            int rows,
            MemorySegment out,
            long outAt,
            long outStride,
            MemorySegment scratch,
            long scratchAt) {
        attendBiased(
                shape, q, qAt, qStride, k, kAt, v, vAt, vStride, keys, position, rows, out, outAt, outStride, scratch,
                scratchAt, NOTHING, 0, 0, 0);
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
            int rows,
            MemorySegment out,
            long outAt,
            long outStride,
            MemorySegment scratch,
            long scratchAt,
            MemorySegment bias,
            long biasAt,
            long biasHeadStride,
            long biasRowStride) {
        if (shape.halves() && rows > 0) {
            int from = shape.firstKey(position) / KEYS * KEYS;
            int to = shape.lastKey(position + rows - 1, keys) + 1;
            long wideK = scratchAt + (long) Tile.ROWS * span(keys);
            long wideV = wideK + AttentionKernels.keyFloats(keys, shape.headSize());
            long at = (long) from * shape.headSize();
            widen(k, kAt + at, scratch, wideK + at, AttentionKernels.keyFloats(to - from, shape.headSize()));
            for (int key = from; key < to; key++) {
                widen(v, vAt + key * vStride, scratch, wideV + (long) key * shape.valueSize(), shape.valueSize());
            }
            attendBiased(
                    shape.withHalves(false),
                    q,
                    qAt,
                    qStride,
                    scratch,
                    wideK,
                    scratch,
                    wideV,
                    shape.valueSize(),
                    keys,
                    position,
                    rows,
                    out,
                    outAt,
                    outStride,
                    scratch,
                    scratchAt,
                    bias,
                    biasAt,
                    biasHeadStride,
                    biasRowStride);
            return;
        }
        boolean byHead = rows >= shape.heads();
        int outer = byHead ? shape.heads() : rows;
        int inner = byHead ? rows : shape.heads();
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < inner; i += Tile.ROWS) {
                int n = Math.min(Tile.ROWS, inner - i);
                int row = byHead ? i : o;
                int head = byHead ? o : i;
                int lastRow = byHead ? row + n - 1 : row;
                int from = shape.firstKey(position + row) / SPAN * SPAN;
                int to = shape.lastKey(position + lastRow, keys) + 1;
                long stride = span(to - from); // floats of a row of scores
                long query = qAt + row * qStride + (long) head * shape.headSize();
                long queryStride = byHead ? qStride : shape.headSize();
                scores(shape, q, query, queryStride, k, kAt, keys, from, to, n, scratch, scratchAt, stride);
                for (int t = 0; t < n; t++) {
                    int r = byHead ? row + t : row;
                    int h = byHead ? head : head + t;
                    int first = shape.firstKey(position + r);
                    int last = shape.lastKey(position + r, keys);
                    long scoresAt = scratchAt + t * stride;
                    long biasRow = biasAt + h * biasHeadStride + r * biasRowStride;
                    weigh(shape, scratch, scoresAt, from, to, first, last, bias, biasRow);
                }
                long result = outAt + row * outStride + (long) head * shape.valueSize();
                long resultStride = byHead ? outStride : shape.valueSize();
                int seen = shape.firstKey(position + row);
                mix(
                        shape,
                        v,
                        vAt + seen * vStride,
                        vStride,
                        to - seen,
                        n,
                        out,
                        result,
                        resultStride,
                        scratch,
                        scratchAt + seen - from,
                        stride);
            }
        }
    }

    private static void widen(MemorySegment from, long fromAt, MemorySegment to, long toAt, long n) {
        for (long i = 0; i < n; i++) {
            Floats.set(to, toAt + i, Floats.kept(from, fromAt + i, true));
        }
    }

    /** Dot products of n queries with the keys of whole spans from {@code from} on; nothing is scaled yet. */
    private static void scores(
            AttentionShape shape,
            MemorySegment q,
            long query,
            long queryStride,
            MemorySegment k,
            long kAt,
            int keys,
            int from,
            int to,
            int n,
            MemorySegment scratch,
            long scratchAt,
            long stride) {
        zero(scratch, 4 * scratchAt, 4 * stride * n);
        long panelBytes = 4L * KEYS * shape.headSize();
        int panels = (keys + KEYS - 1) / KEYS;
        for (int key = from; key < to; key += 2 * Lanes.COUNT) {
            long wAt = 4 * kAt + key / KEYS * panelBytes + 4L * (key % KEYS);
            // The second vector: further on in the panel, or the next panel; at the very end of the keys the same
            // again.
            long second = Lanes.COUNT < KEYS ? wAt + BYTES : key / KEYS + 1 < panels ? wAt + panelBytes : wAt;
            long yAt = 4 * (scratchAt + key - from);
            Tile.multiply(
                    k,
                    wAt,
                    second,
                    4L * KEYS,
                    shape.headSize(),
                    q,
                    4 * query,
                    4 * queryStride,
                    scratch,
                    yAt,
                    yAt + BYTES,
                    4 * stride,
                    n);
        }
    }

    /** One query's scores, of keys {@code from} on, to probabilities; zero where it sees nothing. */
    private static void weigh(
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
        ROWS.scale(shape.scale(), scratch, start, scratch, start, seen);
        if (bias != NOTHING) {
            ROWS.add(scratch, start, bias, biasRow + first, scratch, start, seen);
        }
        if (shape.softCap() > 0) {
            ROWS.softCap(shape.softCap(), scratch, start, scratch, start, seen);
        }
        ROWS.softmax(scratch, start, scratch, start, seen);
        for (int key = from; key < first; key++) {
            Floats.set(scratch, at + key - from, 0);
        }
        for (int key = last + 1; key < to; key++) {
            Floats.set(scratch, at + key - from, 0);
        }
    }

    /** Values {@code [keys, valueSize]} times probabilities {@code [n, keys]}. */
    private static void mix(
            AttentionShape shape,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int n,
            MemorySegment out,
            long result,
            long resultStride,
            MemorySegment scratch,
            long at,
            long stride) {
        int size = shape.valueSize();
        for (int t = 0; t < n; t++) {
            zero(out, 4 * (result + t * resultStride), 4L * (size - size % Lanes.COUNT));
        }
        int d = 0;
        while (d + Lanes.COUNT <= size) {
            boolean two = d + 2 * Lanes.COUNT <= size;
            long more = two ? BYTES : 0; // a single vector is computed twice and stored twice
            long wAt = 4 * (vAt + d);
            long yAt = 4 * (result + d);
            Tile.multiply(
                    v,
                    wAt,
                    wAt + more,
                    4 * vStride,
                    keys,
                    scratch,
                    4 * at,
                    4 * stride,
                    out,
                    yAt,
                    yAt + more,
                    4 * resultStride,
                    n);
            d += two ? 2 * Lanes.COUNT : Lanes.COUNT;
        }
        for (; d < size; d++) {
            for (int t = 0; t < n; t++) {
                float sum = 0;
                for (int key = 0; key < keys; key++) {
                    float p = Floats.get(scratch, at + t * stride + key);
                    sum = Math.fma(p, Floats.get(v, vAt + key * vStride + d), sum);
                }
                Floats.set(out, result + t * resultStride + d, sum);
            }
        }
    }

    private static void zero(MemorySegment s, long at, long bytes) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (long p = at; p < at + bytes; p += BYTES) {
            zero.intoMemorySegment(s, p, ORDER);
        }
    }
}
