package dev.cutaway.model.format;

import java.util.Arrays;
import java.util.Optional;

/** The types of GGUF metadata values (ggml's gguf.md, enum gguf_metadata_value_type). */
public enum GgufType {
    /** Unsigned byte. */
    UINT8(0, 1),
    /** Signed byte. */
    INT8(1, 1),
    /** Unsigned 16-bit integer. */
    UINT16(2, 2),
    /** Signed 16-bit integer. */
    INT16(3, 2),
    /** Unsigned 32-bit integer. */
    UINT32(4, 4),
    /** Signed 32-bit integer. */
    INT32(5, 4),
    /** Single-precision number. */
    FLOAT32(6, 4),
    /** Truth value in a byte. */
    BOOL(7, 1),
    /** UTF-8 text. */
    STRING(8, 8),
    /** Values of one type, possibly arrays again. */
    ARRAY(9, 12),
    /** Unsigned 64-bit integer. */
    UINT64(10, 8),
    /** Signed 64-bit integer. */
    INT64(11, 8),
    /** Double-precision number. */
    FLOAT64(12, 8);

    private final int id;
    private final int leastBytes;

    GgufType(int id, int leastBytes) {
        this.id = id;
        this.leastBytes = leastBytes;
    }

    /** The fewest bytes that a value takes in a file. */
    int leastBytes() {
        return leastBytes;
    }

    /** The number that stands for the type in a file. */
    int id() {
        return id;
    }

    /** The type with a number, empty if there is none. */
    static Optional<GgufType> of(int id) {
        return Arrays.stream(values()).filter(t -> t.id == id).findFirst();
    }
}
