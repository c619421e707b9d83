package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Floats.get;
import static dev.cutaway.tensor.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/** The plain statement of attention: one row and one head after the other. */
final class ScalarAttention implements AttentionKernels {
    private static final ScalarRows ROWS = new ScalarRows();

    @Override
    public long scratchFloats(AttentionShape shape, int keys) {
        return keys;
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
        for (int i = 0; i < rows; i++) {
            for (int h = 0; h < shape.heads(); h++) {
                long query = qAt + i * qStride + (long) h * shape.headSize();
                long result = outAt + i * outStride + (long) h * shape.valueSize();
                int first = shape.firstKey(position + i);
                int last = shape.lastKey(position + i, keys);
                scores(shape, q, query, k, kAt, first, last, scratch, scratchAt);
                cap(shape, scratch, scratchAt, last - first + 1);
                mix(shape, v, vAt, vStride, first, last, out, result, scratch, scratchAt);
            }
        }
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
        for (int i = 0; i < rows; i++) {
            for (int h = 0; h < shape.heads(); h++) {
                long query = qAt + i * qStride + (long) h * shape.headSize();
                long result = outAt + i * outStride + (long) h * shape.valueSize();
                int first = shape.firstKey(position + i);
                int last = shape.lastKey(position + i, keys);
                int seen = last - first + 1;
                scores(shape, q, query, k, kAt, first, last, scratch, scratchAt);
                long biasRow = biasAt + h * biasHeadStride + i * biasRowStride + first;
                ROWS.add(scratch, scratchAt, bias, biasRow, scratch, scratchAt, seen);
                cap(shape, scratch, scratchAt, seen);
                mix(shape, v, vAt, vStride, first, last, out, result, scratch, scratchAt);
            }
        }
    }

    private static void scores(
            AttentionShape shape,
            MemorySegment q,
            long query,
            MemorySegment k,
            long kAt,
            int first,
            int last,
            MemorySegment scratch,
            long scratchAt) {
        for (int key = first; key <= last; key++) {
            long at = kAt + (long) (key / KEYS) * KEYS * shape.headSize() + key % KEYS;
            float dot = 0;
            for (int d = 0; d < shape.headSize(); d++) {
                dot = Math.fma(get(q, query + d), Floats.kept(k, at + (long) d * KEYS, shape.halves()), dot);
            }
            set(scratch, scratchAt + key - first, dot * shape.scale());
        }
    }

    private static void cap(AttentionShape shape, MemorySegment scores, long at, int n) {
        if (shape.softCap() > 0) {
            ROWS.softCap(shape.softCap(), scores, at, scores, at, n);
        }
    }

    private static void mix(
            AttentionShape shape,
            MemorySegment v,
            long vAt,
            long vStride,
            int first,
            int last,
            MemorySegment out,
            long result,
            MemorySegment scratch,
            long scratchAt) {
        ROWS.softmax(scratch, scratchAt, scratch, scratchAt, last - first + 1L);
        for (int d = 0; d < shape.valueSize(); d++) {
            float sum = 0;
            for (int key = first; key <= last; key++) {
                float value = Floats.kept(v, vAt + key * vStride + d, shape.halves());
                sum = Math.fma(get(scratch, scratchAt + key - first), value, sum);
            }
            set(out, result + d, sum);
        }
    }
}
