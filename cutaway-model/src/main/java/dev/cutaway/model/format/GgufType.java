package dev.cutaway.model.format;

/** The types of GGUF metadata values, in the order of their numbers (ggml's gguf.md, enum gguf_metadata_value_type). */
public enum GgufType {
    /** Unsigned byte. */
    UINT8(1),
    /** Signed byte. */
    INT8(1),
    /** Unsigned 16-bit integer. */
    UINT16(2),
    /** Signed 16-bit integer. */
    INT16(2),
    /** Unsigned 32-bit integer. */
    UINT32(4),
    /** Signed 32-bit integer. */
    INT32(4),
    /** Single-precision number. */
    FLOAT32(4),
    /** Truth value in a byte. */
    BOOL(1),
    /** UTF-8 text. */
    STRING(8),
    /** Values of one type, possibly arrays again. */
    ARRAY(12),
    /** Unsigned 64-bit integer. */
    UINT64(8),
    /** Signed 64-bit integer. */
    INT64(8),
    /** Double-precision number. */
    FLOAT64(8);

    private final int leastBytes;

    GgufType(int leastBytes) {
        this.leastBytes = leastBytes;
    }

    /** The fewest bytes that a value takes in a file. */
    int leastBytes() {
        return leastBytes;
    }
}
