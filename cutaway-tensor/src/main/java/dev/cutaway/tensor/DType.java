package dev.cutaway.tensor;

import java.util.Locale;

/**
 * How the elements of a tensor are kept. Plain types keep one element in a block; quantised types keep a block of
 * {@link #blockSize()} consecutive elements of a row in {@link #blockBytes()} bytes. The quantised layouts are those of
 * ggml (block_q4_0 and so on in ggml-common.h), so that GGUF files are used as they are.
 */
public enum DType {
    /** IEEE 754 single precision. */
    F32(1, 4),
    /** IEEE 754 half precision. */
    F16(1, 2),
    /** The upper half of a single-precision number. */
    BF16(1, 2),
    /** IEEE 754 double precision. */
    F64(1, 8),
    /** Signed 8-bit integer. */
    I8(1, 1),
    /** Signed 16-bit integer. */
    I16(1, 2),
    /** Signed 32-bit integer. */
    I32(1, 4),
    /** Signed 64-bit integer. */
    I64(1, 8),
    /** Unsigned 8-bit integer. */
    U8(1, 1),
    /** A truth value in one byte, 0 or 1. */
    BOOL(1, 1),
    /** 32 codes of 4 bits, one f16 scale: {@code d * (q - 8)}. */
    Q4_0(32, 18),
    /** 32 codes of 4 bits, f16 scale and minimum: {@code d * q + m}. */
    Q4_1(32, 20),
    /** 32 codes of 5 bits, one f16 scale: {@code d * (q - 16)}. */
    Q5_0(32, 22),
    /** 32 codes of 5 bits, f16 scale and minimum: {@code d * q + m}. */
    Q5_1(32, 24),
    /** 32 codes of 8 bits, one f16 scale: {@code d * q}. */
    Q8_0(32, 34),
    /** 256 codes of 2 bits; 16 groups with 4-bit scale and minimum. */
    Q2_K(256, 84),
    /** 256 codes of 3 bits; 16 groups with a 6-bit scale. */
    Q3_K(256, 110),
    /** 256 codes of 4 bits; 8 groups with 6-bit scale and minimum. */
    Q4_K(256, 144),
    /** 256 codes of 5 bits; 8 groups with 6-bit scale and minimum. */
    Q5_K(256, 176),
    /** 256 codes of 6 bits; 16 groups with an 8-bit scale. */
    Q6_K(256, 210),
    /** 256 codes of 8 bits, one f32 scale, sums of 16 (ggml's intermediate format). */
    Q8_K(256, 292),
    /** 32 codes of 4 bits into a table of 16 uneven levels, one f16 scale. */
    IQ4_NL(32, 18),
    /** 32 codes of 4 bits (E2M1 floats), one power-of-two scale (OCP microscaling). */
    MXFP4(32, 17);

    private final int blockSize;
    private final int blockBytes;

    DType(int blockSize, int blockBytes) {
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /** Elements in one block; 1 for plain types. */
    public int blockSize() {
        return blockSize;
    }

    /** Bytes of one block; the element's size for plain types. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether several elements share a scale. */
    public boolean quantised() {
        return blockSize > 1;
    }

    /** Whether the elements are whole numbers or truth values. */
    public boolean integer() {
        return switch (this) {
            case I8, I16, I32, I64, U8, BOOL -> true;
            default -> false;
        };
    }

    /**
     * Bytes that so many elements take.
     *
     * @throws IllegalArgumentException if the elements do not fill whole blocks
     * @throws ArithmeticException if the number of bytes exceeds a long
     */
    public long bytes(long elements) {
        if (elements < 0 || elements % blockSize != 0) {
            throw new IllegalArgumentException(
                    elements + " elements do not fill whole blocks of " + blockSize + " (" + label() + ")");
        }
        return Math.multiplyExact(elements / blockSize, (long) blockBytes);
    }

    /** The name people use: f32, bf16, q4_0, q4_k ... */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
