package dev.cutaway.model;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Cuts an image into patches. */
final class Patches {
    private Patches() {}

    /**
     * Rows of pixels: those for class tokens hold zeros, the others are patches from the top left, row by row, each as
     * {@code [channel, y, x]}.
     *
     * @param pixels {@code [channel, height, width]}
     * @return {@code [class rows + patches, channel * patch height * patch width]}
     */
    static Tensor cut(Tensor pixels, ImageSizes s) {
        if (!Arrays.equals(pixels.shape(), new long[] {s.channels(), s.height(), s.width()})) {
            throw new BadInputException("image of shape " + Arrays.toString(pixels.shape()) + "; the model reads "
                    + s.channels() + " x " + s.height() + " x " + s.width() + " (channels, height, width)");
        }
        float[] x = pixels.toFloats();
        int size = s.patchElements();
        float[] out = new float[s.allRows() * size];
        for (int p = 0; p < s.patches(); p++) {
            int top = p / s.columns() * s.patchHeight();
            int left = p % s.columns() * s.patchWidth();
            for (int i = 0; i < size; i++) {
                int c = i / (s.patchHeight() * s.patchWidth());
                int dy = i / s.patchWidth() % s.patchHeight();
                int dx = i % s.patchWidth();
                out[(s.classRows() + p) * size + i] = x[(c * s.height() + top + dy) * s.width() + left + dx];
            }
        }
        return Tensor.of(out, s.allRows(), size);
    }

    /** Rows that hold no pixels. */
    static Tensor blank(int rows, ImageSizes s) {
        return Tensor.zeros(rows, s.patchElements());
    }

    /**
     * Rows of a sequence that begins with an image, those behind it without pixels.
     *
     * @param patches the image's
     * @param image how many of them the sequence holds
     */
    static Tensor padded(Tensor patches, int image, int from, int to, ImageSizes s) {
        Tensor out = blank(to - from, s);
        int n = Math.clamp(image - from, 0, to - from);
        if (n > 0) {
            long row = 4L * s.patchElements();
            MemorySegment.copy(patches.data(), from * row, out.data(), 0, n * row);
        }
        return out;
    }

    /** The rows of several images, one image after the other. */
    static Tensor together(List<Tensor> images) {
        Tensor first = images.getFirst();
        Tensor all = Tensor.zeros(images.size() * first.dim(0), first.dim(1));
        for (int i = 0; i < images.size(); i++) {
            MemorySegment.copy(images.get(i).data(), 0, all.data(), i * first.size() * 4, first.size() * 4);
        }
        return all;
    }
}
