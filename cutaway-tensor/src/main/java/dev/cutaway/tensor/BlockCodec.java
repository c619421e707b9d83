package dev.cutaway.tensor;

import java.lang.foreign.MemorySegment;

/**
 * The common part of all block formats. Each of them is: whole-number codes, and for every group of codes a scale and
 * perhaps an offset, {@code value = scale * code + offset}. A format says how to unpack the codes and the groups' scales,
 * and how to choose them when quantising; rounding is that of ggml's reference, so decoded values are bit-identical.
 */
abstract sealed class BlockCodec extends Codec permits SmallBlocks.Small, KBlocks.K, TableBlocks.Table {
    private final int group;
    private final boolean offsets;

    /**
     * @param group elements that share a scale
     * @param offsets whether groups have an offset besides the scale
     */
    BlockCodec(DType dtype, int group, boolean offsets) {
        super(dtype);
        this.group = group;
        this.offsets = offsets;
    }

    /** Unpacks all codes of the block at byte {@code at}. */
    abstract void codes(MemorySegment data, long at, int[] out);

    /** Unpacks the scales (and offsets, where the format has them) of the block's groups. */
    abstract void scales(MemorySegment data, long at, float[] scales, float[] offsets);

    /** Quantises {@code in[from .. from + blockSize]} into the block at byte {@code at}. */
    abstract void quantise(float[] in, int from, MemorySegment data, long at);

    /** The parts a group's scale is made of, in words. */
    abstract String parts(MemorySegment data, long at, int group);

    @Override
    public final void decode(MemorySegment data, long from, float[] out, int at, int count) {
        checkBlocks(from, count);
        int n = dtype().blockSize();
        int[] codes = new int[n];
        float[] scales = new float[n / group];
        float[] adds = new float[n / group];
        for (int done = 0; done < count; done += n) {
            long block = (from + done) / n * dtype().blockBytes();
            codes(data, block, codes);
            scales(data, block, scales, adds);
            for (int g = 0; g < scales.length; g++) {
                float scale = scales[g];
                float add = adds[g];
                int to = at + done + g * group;
                for (int i = 0; i < group; i++) {
                    float product = scale * codes[g * group + i];
                    out[to + i] = offsets ? product + add : product;
                }
            }
        }
    }

    @Override
    public final void encode(float[] in, int at, int count, MemorySegment data, long to) {
        checkBlocks(to, count);
        int n = dtype().blockSize();
        for (int done = 0; done < count; done += n) {
            quantise(in, at + done, data, (to + done) / n * dtype().blockBytes());
        }
    }

    @Override
    public final float get(MemorySegment data, long element) {
        return describe(data, element, "").value();
    }

    @Override
    final void set(MemorySegment data, long element, float value) {
        throw new UnsupportedOperationException("elements of " + dtype().label()
                + " share a scale and cannot be set one by one; widen the tensor first");
    }

    @Override
    public final QuantBlock describe(MemorySegment data, long element) {
        int n = dtype().blockSize();
        long at = element / n * dtype().blockBytes();
        return describe(data, element, parts(data, at, (int) (element % n) / group));
    }

    private QuantBlock describe(MemorySegment data, long element, String detail) {
        int n = dtype().blockSize();
        long block = element / n;
        long at = block * dtype().blockBytes();
        int position = (int) (element % n);
        int[] codes = new int[n];
        float[] scales = new float[n / group];
        float[] adds = new float[n / group];
        codes(data, at, codes);
        scales(data, at, scales, adds);
        return new QuantBlock(
                dtype(),
                block,
                at,
                position,
                codes[position],
                scales[position / group],
                adds[position / group],
                detail);
    }

    static float half(MemorySegment data, long at) {
        return Float.float16ToFloat(data.get(PlainCodecs.SHORT, at));
    }

    static void putHalf(MemorySegment data, long at, float value) {
        data.set(PlainCodecs.SHORT, at, Float.floatToFloat16(value));
    }

    static int octet(MemorySegment data, long at) {
        return data.get(PlainCodecs.BYTE, at) & 0xff;
    }

    static void putOctet(MemorySegment data, long at, int value) {
        data.set(PlainCodecs.BYTE, at, (byte) value);
    }
}
