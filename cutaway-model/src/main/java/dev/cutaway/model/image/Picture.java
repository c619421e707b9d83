package dev.cutaway.model.image;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An RGB image with 8 bits a channel. What it was made from decides nothing any more: alpha is dropped, grey is three equal channels. */
public final class Picture {
    private static final long MAX_FILE = 256L << 20;

    private final int width;
    private final int height;
    private final byte[] rgb;

    /**
     * An image of these bytes, which are not copied.
     *
     * @param rgb red, green, blue of each pixel, rows from the top: {@code [height, width, 3]}
     */
    public Picture(int width, int height, byte[] rgb) {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    rgb.length + " bytes for an image of " + width + " x " + height + " pixels, three a pixel");
        }
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /**
     * Reads a PNG or JPEG file, upright by its EXIF orientation, within {@link ImageLimits#DEFAULT}.
     *
     * @throws BadInputException where it is no such file, or damaged
     * @throws ResourceException where it is too large
     */
    public static Picture read(Path file) {
        return read(file, ImageLimits.DEFAULT);
    }

    /** As {@link #read(Path)} with other limits. */
    public static Picture read(Path file, ImageLimits limits) {
        if (!Files.exists(file)) {
            throw new BadInputException(file + ": no such file; give the path of a PNG or JPEG image");
        }
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file + ": not a regular file; give the path of a PNG or JPEG image");
        }
        try {
            long size = Files.size(file);
            if (size > MAX_FILE) {
                throw new ResourceException(
                        file + ": " + size + " bytes, images may have " + MAX_FILE + "; make it smaller");
            }
            return decode(file.toString(), Files.readAllBytes(file), limits);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + e.getMessage() + "); check its permissions", e);
        }
    }

    /**
     * Decodes a PNG or JPEG image; which one its first bytes say.
     *
     * @param name what messages call it
     */
    public static Picture decode(String name, byte[] file, ImageLimits limits) {
        try {
            return switch (ImageFormat.of(file)) {
                case PNG -> PngReader.read(name, file, limits);
                case JPEG -> JpegReader.read(name, file, limits);
                case OTHER ->
                    throw new BadInputException(
                            name + ": " + ImageFormat.describe(file) + "; give a PNG or JPEG image");
            };
        } catch (OutOfMemoryError e) {
            throw new ResourceException(name + ": not enough memory to decode it; make it smaller or raise -Xmx", e);
        }
    }

    /** Pixels in a row. */
    public int width() {
        return width;
    }

    /** Rows. */
    public int height() {
        return height;
    }

    /** One channel of one pixel, 0 to 255; channels are red, green, blue. */
    public int get(int x, int y, int channel) {
        return rgb[(y * width + x) * 3 + channel] & 0xff;
    }

    /** In grey, as three equal channels: Pillow's weights (ITU-R 601-2) to the bit. */
    Picture grey() {
        byte[] out = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i += 3) {
            int level = (rgb[i] & 0xff) * 19_595 + (rgb[i + 1] & 0xff) * 38_470 + (rgb[i + 2] & 0xff) * 7_471;
            byte grey = (byte) ((level + 0x8000) >> 16);
            out[i] = grey;
            out[i + 1] = grey;
            out[i + 2] = grey;
        }
        return new Picture(width, height, out);
    }

    /** The bytes themselves, not a copy: {@code [height, width, 3]}. */
    byte[] bytes() {
        return rgb;
    }

    /** The image turned and mirrored as an EXIF orientation (1 to 8) asks. */
    Picture upright(int orientation) {
        if (orientation < 2 || orientation > 8) {
            return this;
        }
        boolean turned = orientation >= 5;
        int w = turned ? height : width;
        int h = turned ? width : height;
        byte[] out = new byte[rgb.length];
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                int sx = sourceX(orientation, x, y);
                int sy = sourceY(orientation, x, y);
                System.arraycopy(rgb, (sy * width + sx) * 3, out, (y * w + x) * 3, 3);
            }
        }
        return new Picture(w, h, out);
    }

    private int sourceX(int orientation, int x, int y) {
        return switch (orientation) {
            case 2, 3 -> width - 1 - x;
            case 4 -> x;
            case 5, 6 -> y;
            default -> width - 1 - y;
        };
    }

    private int sourceY(int orientation, int x, int y) {
        return switch (orientation) {
            case 2 -> y;
            case 3, 4 -> height - 1 - y;
            case 5, 8 -> x;
            default -> height - 1 - x;
        };
    }
}
