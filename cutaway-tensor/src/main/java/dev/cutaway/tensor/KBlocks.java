package dev.cutaway.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Super-blocks of 256 codes (ggml's "k-quants"): Q2_K to Q6_K and Q8_K. A super-block's groups of 16 or 32 codes have small
 * whole-number scales of their own, which one or two f16 numbers for the whole block multiply. The bits of a code lie in
 * <em>planes</em>: each plane keeps 1, 2 or 4 of its bits, arranged so that vector units can unpack 32 at a time.
 */
final class KBlocks {
    /** Elements of a super-block. */
    static final int N = 256;

    static final List<K> ALL = List.of(
            new KMinimum(DType.Q2_K, 2),
            new KSigned(DType.Q3_K, 3),
            new KMinimum(DType.Q4_K, 4),
            new KMinimum(DType.Q5_K, 5),
            new KSigned(DType.Q6_K, 6),
            new KEight());

    private KBlocks() {}

    /** The common type of the super-block formats. */
    abstract static sealed class K extends BlockCodec permits KMinimum, KSigned, KEight {
        K(DType dtype, int group, boolean offsets) {
            super(dtype, group, offsets);
        }
    }

    /** How the bits of a plane are arranged: which byte and which shift belong to an element. */
    enum Plane {
        /** One bit each: 32 bytes, bit e / 32. */
        BITS(1) {
            @Override
            int at(int e) {
                return e % 32;
            }

            @Override
            int shift(int e) {
                return e / 32;
            }
        },
        /** Two bits each: 32 bytes for each half of the block. */
        PAIRS(2) {
            @Override
            int at(int e) {
                return e / 128 * 32 + e % 32;
            }

            @Override
            int shift(int e) {
                return e % 128 / 32 * 2;
            }
        },
        /** Four bits each: 32 bytes for each quarter of the block. */
        NIBBLES(4) {
            @Override
            int at(int e) {
                return e / 64 * 32 + e % 32;
            }

            @Override
            int shift(int e) {
                return e % 64 / 32 * 4;
            }
        },
        /** Four bits each: 64 bytes for each half of the block. */
        WIDE_NIBBLES(4) {
            @Override
            int at(int e) {
                return e / 128 * 64 + e % 64;
            }

            @Override
            int shift(int e) {
                return e % 128 / 64 * 4;
            }
        };

        private final int bits;

        Plane(int bits) {
            this.bits = bits;
        }

        abstract int at(int e);

        abstract int shift(int e);

        /** The plane's bits of element e; the plane starts at byte {@code start}. */
        int get(MemorySegment data, long start, int e) {
            return (BlockCodec.octet(data, start + at(e)) >>> shift(e)) & ((1 << bits) - 1);
        }

        /** Adds the low bits of a code to a plane of zeros. */
        void put(MemorySegment data, long start, int e, int code) {
            long byteAt = start + at(e);
            int part = (code & ((1 << bits) - 1)) << shift(e);
            BlockCodec.putOctet(data, byteAt, BlockCodec.octet(data, byteAt) | part);
        }
    }
}
