package dev.cutaway.model.format;

import dev.cutaway.text.PackedTexts;
import java.util.List;

/**
 * A metadata value with the type it has in the file, so that it can be written again as it was.
 *
 * @param type its type
 * @param element the type of an array's elements; the type itself for single values
 * @param value whole numbers as Long (arrays: int[] if all fit, else long[]), numbers as Float or Double (float[],
 *     double[]), Boolean (boolean[]), String (String[], made anew each time where it was read from a file); arrays of
 *     arrays as an unmodifiable List of GgufValue
 */
public record GgufValue(GgufType type, GgufType element, Object value) {
    @Override
    public Object value() {
        return value instanceof PackedTexts texts ? texts.toArray(String[]::new) : value;
    }

    /** The value as it is held: texts of a file as a list. */
    Object held() {
        return value;
    }

    /** A text. */
    public static GgufValue of(String value) {
        return new GgufValue(GgufType.STRING, GgufType.STRING, value);
    }

    /** An unsigned 32-bit number, the usual type of sizes. */
    public static GgufValue of(int value) {
        return new GgufValue(GgufType.UINT32, GgufType.UINT32, (long) value);
    }

    /** A single-precision number. */
    public static GgufValue of(float value) {
        return new GgufValue(GgufType.FLOAT32, GgufType.FLOAT32, value);
    }

    /** A truth value. */
    public static GgufValue of(boolean value) {
        return new GgufValue(GgufType.BOOL, GgufType.BOOL, value);
    }

    /** Texts. */
    public static GgufValue of(String[] values) {
        return new GgufValue(GgufType.ARRAY, GgufType.STRING, values.clone());
    }

    /** Signed 32-bit numbers. */
    public static GgufValue of(int[] values) {
        return new GgufValue(GgufType.ARRAY, GgufType.INT32, values.clone());
    }

    /** Single-precision numbers. */
    public static GgufValue of(float[] values) {
        return new GgufValue(GgufType.ARRAY, GgufType.FLOAT32, values.clone());
    }

    /** Truth values. */
    public static GgufValue of(boolean[] values) {
        return new GgufValue(GgufType.ARRAY, GgufType.BOOL, values.clone());
    }

    /** Number of elements of an array; 1 for single values. */
    int length() {
        return switch (value) {
            case int[] a -> a.length;
            case long[] a -> a.length;
            case float[] a -> a.length;
            case double[] a -> a.length;
            case boolean[] a -> a.length;
            case String[] a -> a.length;
            case PackedTexts a -> a.size();
            case List<?> a -> a.size();
            default -> 1;
        };
    }
}
