package dev.cutaway.model.arch;

import dev.cutaway.model.Config;
import java.util.List;

/**
 * Sizes of the images that a model reads.
 *
 * @param channels colour channels
 * @param height pixels
 * @param width pixels
 * @param patchHeight pixels of a patch
 * @param patchWidth pixels of a patch
 * @param classRows rows before the patches', which hold no pixels
 */
public record ImageSizes(int channels, int height, int width, int patchHeight, int patchWidth, int classRows) {
    public static ImageSizes of(Config c) {
        int[] image = pair(c, "image_size", 224);
        int[] patch = pair(c, "patch_size", 16);
        if (patch[0] > image[0] || patch[1] > image[1]) {
            throw c.bad("patch_size", "is larger than image_size");
        }
        int classRows = Architectures.of(c).classRows(c);
        return new ImageSizes(c.positive("num_channels", 3), image[0], image[1], patch[0], patch[1], classRows);
    }

    private static int[] pair(Config c, String key, int otherwise) {
        if (c.values().get(key) instanceof List<?>) {
            double[] both = c.reals(key);
            if (both.length != 2 || both[0] < 1 || both[1] < 1) {
                throw c.bad(key, "must be a number or two numbers of at least 1");
            }
            return new int[] {(int) both[0], (int) both[1]};
        }
        int n = c.positive(key, otherwise);
        return new int[] {n, n};
    }

    public int rows() {
        return height / patchHeight;
    }

    public int columns() {
        return width / patchWidth;
    }

    public int patches() {
        return rows() * columns();
    }

    /** All rows of an image. */
    public int allRows() {
        return classRows + patches();
    }

    public int patchElements() {
        return channels * patchHeight * patchWidth;
    }
}
