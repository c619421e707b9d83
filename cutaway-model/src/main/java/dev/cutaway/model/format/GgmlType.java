package dev.cutaway.model.format;

import dev.cutaway.tensor.DType;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A tensor type as GGUF numbers it (ggml.h, enum ggml_type).
 *
 * @param id the number in the file
 * @param name ggml's name
 * @param blockSize elements of a block
 * @param blockBytes bytes of a block
 * @param dtype the element type here, empty if this version cannot read it
 */
record GgmlType(int id, String name, int blockSize, int blockBytes, Optional<DType> dtype) {
    private static final Map<Integer, GgmlType> BY_ID = new TreeMap<>();

    static {
        known(0, DType.F32);
        known(1, DType.F16);
        known(2, DType.Q4_0);
        known(3, DType.Q4_1);
        known(6, DType.Q5_0);
        known(7, DType.Q5_1);
        known(8, DType.Q8_0);
        known(10, DType.Q2_K);
        known(11, DType.Q3_K);
        known(12, DType.Q4_K);
        known(13, DType.Q5_K);
        known(14, DType.Q6_K);
        known(15, DType.Q8_K);
        known(20, DType.IQ4_NL);
        known(24, DType.I8);
        known(25, DType.I16);
        known(26, DType.I32);
        known(27, DType.I64);
        known(28, DType.F64);
        known(30, DType.BF16);
        known(39, DType.MXFP4);
        unread(9, "Q8_1", 32, 36);
        unread(16, "IQ2_XXS", 256, 66);
        unread(17, "IQ2_XS", 256, 74);
        unread(18, "IQ3_XXS", 256, 98);
        unread(19, "IQ1_S", 256, 50);
        unread(21, "IQ3_S", 256, 110);
        unread(22, "IQ2_S", 256, 82);
        unread(23, "IQ4_XS", 256, 136);
        unread(29, "IQ1_M", 256, 56);
        unread(34, "TQ1_0", 256, 54);
        unread(35, "TQ2_0", 256, 66);
        unread(40, "NVFP4", 64, 36);
        unread(41, "Q1_0", 128, 18);
        unread(42, "Q2_0", 64, 18);
    }

    private static void known(int id, DType dtype) {
        BY_ID.put(id, new GgmlType(id, dtype.name(), dtype.blockSize(), dtype.blockBytes(), Optional.of(dtype)));
    }

    private static void unread(int id, String name, int blockSize, int blockBytes) {
        BY_ID.put(id, new GgmlType(id, name, blockSize, blockBytes, Optional.empty()));
    }

    /** The type with a number, empty if there is none. */
    static Optional<GgmlType> of(int id) {
        return Optional.ofNullable(BY_ID.get(id));
    }

    /** The type that keeps a dtype's elements, empty if GGUF has none (truth values and unsigned bytes). */
    static Optional<GgmlType> of(DType dtype) {
        return BY_ID.values().stream()
                .filter(t -> t.dtype.equals(Optional.of(dtype)))
                .findFirst();
    }

    /** Names of the types that can be read. */
    static String readable() {
        return String.join(
                ", ",
                Arrays.stream(DType.values())
                        .filter(d -> of(d).isPresent())
                        .map(DType::label)
                        .toList());
    }
}
