package dev.cutaway.model.image;

import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;

/**
 * How large an image may be. It is held against the header, before memory is taken for a pixel.
 *
 * @param pixels width times height
 * @param side the longer of both
 */
public record ImageLimits(long pixels, int side) {
    /** 100 million pixels, 65,535 to a side. */
    public static final ImageLimits DEFAULT = new ImageLimits(100_000_000, 65_535);

    public ImageLimits {
        if (pixels < 1 || pixels > 500_000_000 || side < 1) {
            throw new UsageException("image limits: " + pixels + " pixels, " + side
                    + " to a side; they must be positive, pixels at most 500 million");
        }
    }

    void check(String name, long width, long height) {
        if (width > side || height > side || width * height > pixels) {
            throw new ResourceException(name + ": " + width + " x " + height + " pixels, more than " + pixels
                    + " in all or " + side + " to a side; make it smaller");
        }
    }
}
