package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Attention by machine code ({@link AttentionCode}), in blocks of keys whose parts are merged at the end. Queries go through a
 * tile up to six at a time: several rows of one head, or, where a step has fewer rows than the group has heads, the heads of one
 * row, which share the loads of keys and values. A query's unseen keys get a weight of exactly zero, and blocks begin at fixed
 * keys, so results depend neither on the company nor on who computes which block. What it does not do (values whose length is
 * not a multiple of sixteen, memory on the heap) plain code does.
 *
 * <p>Scratch: arguments, scores of a block, records of all blocks.
 */
@SuppressWarnings({"ReferenceEquality", "MemorySegmentReferenceEquality"}) // the marker of no bias is one object
final class MachineAttention implements AttentionKernels, KeyBlocks {
    private static final int TILE = 6;
    private static final int EIGHT = 8;
    private static final int VALUES = 16;
    private static final int BLOCK = AttentionCode.BLOCK;
    private static final int SCORES_AT = 48; // floats of scratch, after the arguments
    private static final int RECORDS_AT = SCORES_AT + TILE * AttentionCode.SCORES;
    private static final MemorySegment NOTHING = MemorySegment.NULL;
    private static final ScalarAttention OTHER = new ScalarAttention();

    private final MachineRows rows;
    private final Optional<KeyBlocks> self = Optional.of(this);
    private final MachineCode merge = MachineCode.of(AttentionCode.merge());
    private final Map<Integer, MachineCode> code = new ConcurrentHashMap<>();

    MachineAttention(MachineRows rows) {
        this.rows = rows;
    }

    /** Made when it is first needed: a process uses three or four of them. */
    private MachineCode blocks(int n, boolean halves) {
        int key = halves ? n + TILE : n;
        MachineCode known = code.get(key);
        return known != null ? known : code.computeIfAbsent(key, i -> MachineCode.of(AttentionCode.blocks(n, halves)));
    }

    @Override
    public long scratchFloats(AttentionShape shape, int keys) {
        return Math.max(OTHER.scratchFloats(shape, keys), RECORDS_AT + TILE * (keys / BLOCK + 2L) * record(shape));
    }

    /** Floats of a record. */
    private static int record(AttentionShape shape) {
        return shape.valueSize() + AttentionCode.TAIL;
    }

    @Override
    public Optional<KeyBlocks> keyBlocks() {
        return self;
    }

    @Override
    public int blocks(AttentionShape shape, int keys, int position) {
        return shape.valueSize() % VALUES == 0 ? count(shape, keys, position) : 0;
    }

    private static int count(AttentionShape shape, int keys, int position) {
        return shape.lastKey(position, keys) / BLOCK + 1 - shape.firstKey(position) / BLOCK;
    }

    @Override
    public long partFloats(AttentionShape shape, int blocks) {
        return (long) shape.heads() * blocks * record(shape);
    }

    private static boolean able(
            AttentionShape shape,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment out,
            MemorySegment scratch) {
        return shape.valueSize() % VALUES == 0
                && q.isNative()
                && k.isNative()
                && v.isNative()
                && out.isNative()
                && scratch.isNative();
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
        if (!able(shape, q, k, v, out, scratch)) {
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
        check(shape, k, kAt, v, vAt, vStride, keys, scratch, scratchAt);
        boolean byHead = rowCount >= shape.heads();
        int outer = byHead ? shape.heads() : rowCount;
        int inner = byHead ? rowCount : shape.heads();
        int record = record(shape);
        prepare(shape, scratch, scratchAt, byHead ? qStride : shape.headSize(), vStride);
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < inner; i += TILE) {
                int n = Math.min(TILE, inner - i);
                int row = byHead ? i : o;
                int head = byHead ? o : i;
                int lastRow = byHead ? row + n - 1 : row;
                int firstBlock = shape.firstKey(position + row) / BLOCK;
                int count = shape.lastKey(position + lastRow, keys) / BLOCK + 1 - firstBlock;
                long queries = q.address() + 4 * (qAt + row * qStride + (long) head * shape.headSize());
                set(scratch, scratchAt, AttentionCode.Q, queries);
                set(scratch, scratchAt, AttentionCode.ROW_STRIDE, 4L * count * record);
                long biasTile = biasAt + head * biasHeadStride + row * biasRowStride;
                long biasStride = byHead ? biasRowStride : biasHeadStride;
                long records = scratch.address() + 4 * (scratchAt + RECORDS_AT);
                tile(
                        shape,
                        n,
                        k,
                        kAt,
                        v,
                        vAt,
                        vStride,
                        keys,
                        position + row,
                        byHead ? 1 : 0,
                        firstBlock,
                        firstBlock + count,
                        records,
                        scratch,
                        scratchAt,
                        bias,
                        biasTile,
                        biasStride);
                long result = out.address() + 4 * (outAt + row * outStride + (long) head * shape.valueSize());
                long resultStride = 4 * (byHead ? outStride : shape.valueSize());
                for (int t = 0; t < n; t++) {
                    merge(shape, records + 4L * t * count * record, count, result + t * resultStride);
                }
            }
        }
        MachineCode.keep(q, k, v, out);
        MachineCode.keep(scratch);
    }

    private void merge(AttentionShape shape, long records, int count, long result) {
        int values = shape.valueSize();
        merge.call(records, 4L * values, count, result, 4L * record(shape), values / VALUES);
    }

    @Override
    public void part(
            AttentionShape shape,
            MemorySegment q,
            long qAt,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int fromBlock,
            int toBlock,
            MemorySegment parts,
            long partsAt,
            MemorySegment scratch,
            long scratchAt) {
        int firstBlock = shape.firstKey(position) / BLOCK;
        int count = count(shape, keys, position);
        Objects.checkFromToIndex(fromBlock, toBlock, count);
        check(q, qAt, 0, 1, shape.heads() * shape.headSize());
        check(parts, partsAt, 0, 1, partFloats(shape, count));
        check(shape, k, kAt, v, vAt, vStride, keys, scratch, scratchAt);
        int record = record(shape);
        prepare(shape, scratch, scratchAt, shape.headSize(), vStride);
        set(scratch, scratchAt, AttentionCode.ROW_STRIDE, 4L * count * record);
        for (int head = 0; head < shape.heads(); head += TILE) {
            int n = Math.min(TILE, shape.heads() - head);
            set(scratch, scratchAt, AttentionCode.Q, q.address() + 4 * (qAt + (long) head * shape.headSize()));
            tile(
                    shape,
                    n,
                    k,
                    kAt,
                    v,
                    vAt,
                    vStride,
                    keys,
                    position,
                    0,
                    firstBlock + fromBlock,
                    firstBlock + toBlock,
                    parts.address() + 4 * (partsAt + ((long) head * count + fromBlock) * record),
                    scratch,
                    scratchAt,
                    NOTHING,
                    0,
                    0);
        }
        MachineCode.keep(q, k, v, parts);
        MachineCode.keep(scratch);
    }

    @Override
    public void merge(
            AttentionShape shape,
            int keys,
            int position,
            MemorySegment parts,
            long partsAt,
            MemorySegment out,
            long outAt) {
        int count = count(shape, keys, position);
        check(parts, partsAt, 0, 1, partFloats(shape, count));
        check(out, outAt, 0, 1, (long) shape.heads() * shape.valueSize());
        for (int head = 0; head < shape.heads(); head++) {
            long records = parts.address() + 4 * (partsAt + (long) head * count * record(shape));
            merge(shape, records, count, out.address() + 4 * (outAt + (long) head * shape.valueSize()));
        }
        MachineCode.keep(parts, out);
    }

    /** What is the same for all tiles of a call. */
    private static void prepare(AttentionShape shape, MemorySegment scratch, long at, long qStride, long vStride) {
        set(scratch, at, AttentionCode.Q_STRIDE, 4 * qStride);
        set(scratch, at, AttentionCode.K_STRIDE, (long) shape.keptBytes() * KEYS * shape.headSize());
        set(scratch, at, AttentionCode.V_STRIDE, shape.keptBytes() * vStride);
        set(scratch, at, AttentionCode.S, scratch.address() + 4 * (at + SCORES_AT));
        set(scratch, at, AttentionCode.RECORD, 4L * record(shape));
        set(scratch, at, AttentionCode.DEPTH, shape.headSize());
        set(scratch, at, AttentionCode.VALUES, shape.valueSize() / VALUES);
        set(scratch, at, AttentionCode.TAIL_AT, 4L * shape.valueSize());
        float factor = scaledBefore(shape) ? AttentionCode.LOG2_E : shape.scale() * AttentionCode.LOG2_E;
        set(scratch, at, AttentionCode.FACTOR, Float.floatToRawIntBits(factor));
    }

    /** Whether scores are not just scaled. With a bias the factor is set again. */
    private static boolean scaledBefore(AttentionShape shape) {
        return shape.softCap() > 0;
    }

    /**
     * Records of one tile.
     *
     * @param position of its first query; the next is {@code step} further, 1 or 0
     * @param from first block, counted from key 0
     */
    private void tile(
            AttentionShape shape,
            int n,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int step,
            int from,
            int to,
            long records,
            MemorySegment scratch,
            long scratchAt,
            MemorySegment bias,
            long biasAt,
            long biasStride) {
        int last = position + step * (n - 1);
        int end = shape.lastKey(last, keys) + 1;
        int allFrom = shape.firstKey(last);
        int allTo = shape.lastKey(position, keys) + 1;
        boolean plain = bias == NOTHING && !scaledBefore(shape);
        if (bias != NOTHING) {
            set(scratch, scratchAt, AttentionCode.FACTOR, Float.floatToRawIntBits(AttentionCode.LOG2_E));
        }
        MachineCode kind = blocks(n, shape.halves());
        int block = from;
        while (block < to) {
            int first = block * BLOCK;
            int size = Math.min(BLOCK, end - first);
            boolean common = plain && allFrom <= first;
            int whole = common ? Math.min(to, allTo / BLOCK) - block : 0;
            int count = Math.max(1, whole);
            set(
                    scratch,
                    scratchAt,
                    AttentionCode.K,
                    k.address() + shape.keptBytes() * (kAt + (long) first * shape.headSize()));
            set(scratch, scratchAt, AttentionCode.V, v.address() + shape.keptBytes() * (vAt + first * vStride));
            set(scratch, scratchAt, AttentionCode.RECORDS, records + 4L * (block - from) * record(shape));
            set(scratch, scratchAt, AttentionCode.PANELS, (size + KEYS - 1) / KEYS);
            set(scratch, scratchAt, AttentionCode.KEYS, size);
            set(scratch, scratchAt, AttentionCode.EIGHTS, (size + EIGHT - 1) / EIGHT);
            set(scratch, scratchAt, AttentionCode.BLOCKS, count);
            if (whole > 0 || common && allTo >= end) {
                run(kind, scratch, scratchAt, AttentionCode.ALL);
            } else {
                run(kind, scratch, scratchAt, AttentionCode.SCORE);
                for (int t = 0; t < n; t++) {
                    int at = position + step * t;
                    int begin = Math.max(shape.firstKey(at), first);
                    int seen = Math.min(shape.lastKey(at, keys) + 1, first + size) - begin;
                    long scores = scratchAt + SCORES_AT + (long) t * AttentionCode.SCORES;
                    long biasRow = biasAt + t * biasStride + begin;
                    prepareScores(shape, scratch, scores, begin - first, seen, size, bias, biasRow);
                }
                run(kind, scratch, scratchAt, AttentionCode.MIX);
            }
            block += count;
        }
    }

    private static void run(MachineCode kind, MemorySegment scratch, long scratchAt, int parts) {
        set(scratch, scratchAt, AttentionCode.PARTS, parts);
        kind.call(scratch.address() + 4 * scratchAt, 0, 0, 0, 0, 0);
    }

    /** One query's scores of a block: scaled, biased and capped, if that is asked for; minus infinity where it sees nothing. */
    private void prepareScores(
            AttentionShape shape,
            MemorySegment scratch,
            long at,
            int before,
            int seen,
            int size,
            MemorySegment bias,
            long biasRow) {
        int n = Math.max(0, seen);
        long start = at + before;
        if (n > 0 && (bias != NOTHING || scaledBefore(shape))) {
            rows.scale(shape.scale(), scratch, start, scratch, start, n);
            if (bias != NOTHING) {
                rows.add(scratch, start, bias, biasRow, scratch, start, n);
            }
            if (shape.softCap() > 0) {
                rows.softCap(shape.softCap(), scratch, start, scratch, start, n);
            }
        }
        int eights = (size + EIGHT - 1) / EIGHT * EIGHT;
        for (int i = 0; i < Math.min(before, eights); i++) {
            Floats.set(scratch, at + i, Float.NEGATIVE_INFINITY);
        }
        for (int i = Math.max(0, before + n); i < eights; i++) {
            Floats.set(scratch, at + i, Float.NEGATIVE_INFINITY);
        }
    }

    /** Machine code checks nothing: everything that it will touch is checked here. */
    private void check(
            AttentionShape shape,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            MemorySegment scratch,
            long scratchAt) {
        int bytes = shape.keptBytes();
        if (vStride < 0) {
            throw new IndexOutOfBoundsException("rows " + vStride + " elements apart");
        }
        Objects.checkFromIndexSize(bytes * vAt, bytes * ((keys - 1) * vStride + shape.valueSize()), v.byteSize());
        Objects.checkFromIndexSize(
                bytes * kAt, bytes * AttentionKernels.keyFloats(keys, shape.headSize()), k.byteSize());
        Objects.checkFromIndexSize(4 * scratchAt, 4 * scratchFloats(shape, keys), scratch.byteSize());
    }

    private static void check(MemorySegment s, long at, long stride, int count, long width) {
        if (stride < 0) {
            throw new IndexOutOfBoundsException("rows " + stride + " floats apart");
        }
        Objects.checkFromIndexSize(4 * at, 4 * ((count - 1) * stride + width), s.byteSize());
    }

    private static void set(MemorySegment scratch, long at, int offset, long value) {
        scratch.set(Floats.LONG, 4 * at + offset, value);
    }
}
