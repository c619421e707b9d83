package dev.cutaway.model.image;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads JPEG. The markers are read here, so that sizes, kinds and the number of scans are known and checked before the
 * JDK's decoder (libjpeg) sees the file; colours may differ from Pillow's by a level or two.
 */
final class JpegReader {
    /** Real progressive files have ten or so; each scan of a bomb goes over all pixels. */
    private static final int MAX_SCANS = 100;

    private static final long MAX_SCANNED_PIXELS = 1_000_000_000;
    /** An 8 x 8 block takes at least one bit in the scan of its mean values. */
    private static final long PIXELS_PER_BYTE = 64 * 8;

    private final String name;
    private final byte[] file;
    private int width;
    private int height;
    private int components;
    private int scans;
    private int orientation = 1;
    private boolean ended;

    private JpegReader(String name, byte[] file) {
        this.name = name;
        this.file = file;
    }

    static Picture read(String name, byte[] file, ImageLimits limits) {
        JpegReader reader = new JpegReader(name, file);
        reader.markers(limits);
        return reader.decode().upright(reader.orientation);
    }

    private void markers(ImageLimits limits) {
        int at = 2;
        while (!ended && at + 1 < file.length) {
            if (file[at] != (byte) 0xff) {
                throw damaged("byte " + at + " is no marker");
            }
            int marker = file[at + 1] & 0xff;
            at += 2;
            if (marker == 0xff) {
                at--;
            } else if (marker == 0xd9) {
                ended = true;
            } else if (marker != 0x01 && (marker < 0xd0 || marker > 0xd8)) {
                at = segment(marker, at, limits);
            }
        }
        if (!ended) {
            throw damaged("it has no end marker, it is truncated");
        }
        if (width == 0 || scans == 0) {
            throw damaged("it has no image in it");
        }
        if (scans > MAX_SCANS || (long) width * height * scans > MAX_SCANNED_PIXELS) {
            throw new ResourceException(
                    name + ": " + scans + " scans over " + width + " x " + height + " pixels; save it with fewer");
        }
        if ((long) width * height / PIXELS_PER_BYTE > file.length) {
            throw damaged(file.length + " bytes cannot hold " + width + " x " + height + " pixels, it is truncated");
        }
    }

    /** Reads one segment; returns where the next marker is. */
    private int segment(int marker, int at, ImageLimits limits) {
        if (at + 2 > file.length) {
            throw damaged("it ends inside a marker");
        }
        int length = half(at);
        if (length < 2 || at + length > file.length) {
            throw damaged("a segment of " + length + " bytes exceeds the file");
        }
        boolean frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (frame) {
            frame(marker, at, length, limits);
        } else if (marker == 0xe1 && length >= 8 && half(at + 2) == 0x4578 && half(at + 4) == 0x6966) {
            orientation = Exif.orientation(file, at + 8, length - 8);
        } else if (marker == 0xda) {
            scans++;
            return scanned(at + length);
        }
        return at + length;
    }

    private void frame(int marker, int at, int length, ImageLimits limits) {
        if (marker > 0xc2) {
            throw new BadInputException(name + ": a JPEG of a rare kind (marker 0x" + Integer.toHexString(marker)
                    + "), only baseline and progressive ones are read; save it as one of these");
        }
        if (width != 0 || length < 8) {
            throw damaged("it has two frames or a short one");
        }
        height = half(at + 3);
        width = half(at + 5);
        components = file[at + 7] & 0xff;
        if (width < 1 || height < 1) {
            throw damaged("it has " + width + " x " + height + " pixels");
        }
        limits.check(name, width, height);
        if (file[at + 2] != 8 || (components != 1 && components != 3)) {
            throw new BadInputException(name + ": a JPEG with " + components + " components of " + file[at + 2]
                    + " bits; save it as 8-bit RGB or grey");
        }
    }

    /** Skips a scan's data: a marker is 0xff and neither 0 nor a restart. */
    private int scanned(int from) {
        int at = from;
        while (at + 1 < file.length) {
            int next = file[at + 1] & 0xff;
            if (file[at] == (byte) 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) {
                return at;
            }
            at++;
        }
        return file.length;
    }

    private Picture decode() {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        AtomicBoolean premature = new AtomicBoolean();
        IIOReadWarningListener listener = (source, warning) -> {
            if (warning.contains("Premature") || warning.contains("Corrupt")) {
                premature.set(true);
            }
        };
        try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.addIIOReadWarningListener(listener);
            reader.setInput(stream, true, true);
            BufferedImage image = reader.read(0);
            if (premature.get()) {
                throw damaged("its pixels end early, it is truncated");
            }
            return picture(image.getRaster());
        } catch (IOException | RuntimeException e) {
            if (e instanceof BadInputException known) {
                throw known;
            }
            throw new BadInputException(
                    name + ": a damaged JPEG file (" + e.getMessage() + "); save or download it again", e);
        } finally {
            reader.dispose();
        }
    }

    /** The samples themselves: asking the image for colours would convert grey and profiles. */
    private Picture picture(Raster raster) {
        int w = raster.getWidth();
        int h = raster.getHeight();
        int bands = raster.getNumBands();
        if (bands != 1 && bands != 3) {
            throw damaged("it decodes to " + bands + " channels");
        }
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(w, h))];
        int[] row = new int[w * bands];
        for (int y = 0; y < h; y++) {
            raster.getPixels(0, y, w, 1, row);
            for (int i = 0; i < 3 * w; i++) {
                rgb[y * 3 * w + i] = (byte) row[bands == 3 ? i : i / 3];
            }
        }
        return new Picture(w, h, rgb);
    }

    private int half(int at) {
        return (file[at] & 0xff) << 8 | (file[at + 1] & 0xff);
    }

    private BadInputException damaged(String what) {
        return new BadInputException(name + ": a damaged JPEG file, " + what + "; save or download it again");
    }
}
