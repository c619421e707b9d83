package dev.cutaway.tensor;

/**
 * One kept element taken apart, so that it can be shown as {@code value = scale * code + offset}.
 *
 * @param dtype how the tensor is kept
 * @param block index of the block in the tensor
 * @param byteOffset where the block starts, in bytes from the tensor's start
 * @param position the element's position in the block
 * @param code the whole number kept for the element, as it is multiplied (centred, or looked up in the type's table);
 *     0 for plain types
 * @param scale what the code is multiplied by; for plain types the value itself
 * @param offset what is added; 0 where the type has none
 * @param detail the same in words, with the parts the scale is made of
 */
public record QuantBlock(
        DType dtype, long block, long byteOffset, int position, int code, float scale, float offset, String detail) {
    /** The element: {@code scale * code + offset}, rounded as decoding rounds it. */
    public float value() {
        if (!dtype.quantised()) {
            return scale;
        }
        return offset == 0 ? scale * code : scale * code + offset;
    }
}
