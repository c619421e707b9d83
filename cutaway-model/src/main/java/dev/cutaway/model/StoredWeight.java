package dev.cutaway.model;

import java.util.List;

/**
 * A quantised weight as the file keeps it: the block that it shares its scale with, {@code value = scale * code + offset} for each element.
 *
 * @param format the format's name
 * @param file the file's name
 * @param byteOffset where the block begins in the file
 * @param bytes how long it is there
 * @param block its number in the tensor
 * @param position the element's place in it
 * @param detail the scale's parts, in words
 * @param elements all elements of the block, in order
 */
public record StoredWeight(
        String format,
        String file,
        long byteOffset,
        int bytes,
        long block,
        int position,
        String detail,
        List<Element> elements) {
    public StoredWeight {
        elements = List.copyOf(elements);
    }

    /**
     * One element.
     *
     * @param code the whole number that is kept, as it is multiplied
     * @param offset 0 where the format has none
     */
    public record Element(int code, float scale, float offset, float value) {}
}
