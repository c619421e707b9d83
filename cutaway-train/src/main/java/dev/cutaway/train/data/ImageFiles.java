package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.image.Picture;
import dev.cutaway.model.image.Preprocessor;
import dev.cutaway.model.image.Resampling;
import dev.cutaway.tensor.CutawayException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** PNG and JPEG files, resized as they are read, and kept while they are few. */
final class ImageFiles implements Pictures {
    private static final long KEPT = 256L << 20;

    private final ImageSizes sizes;
    private final Preprocessor resize;
    private final List<Path> files = new ArrayList<>();
    private final List<byte @Nullable []> kept = new ArrayList<>();

    ImageFiles(ImageSizes sizes) {
        this.sizes = sizes;
        this.resize = new Preprocessor(
                Optional.of(new Preprocessor.Size.Exact(sizes.height(), sizes.width())),
                Resampling.BILINEAR,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** Adds a file; if it cannot be read, says why, and there is none more. */
    Optional<String> add(Path file) {
        long each = (long) sizes.channels() * sizes.height() * sizes.width();
        try {
            byte[] levels = files.size() * each < KEPT ? decode(file) : null;
            files.add(file);
            kept.add(levels);
            return Optional.empty();
        } catch (CutawayException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public int count() {
        return files.size();
    }

    @Override
    public byte[] levels(int i) {
        byte[] levels = kept.get(i);
        return levels == null ? decode(files.get(i)) : levels;
    }

    private byte[] decode(Path file) {
        Picture p = resize.resized(Picture.read(file));
        int plane = p.width() * p.height();
        byte[] out = new byte[sizes.channels() * plane];
        for (int y = 0; y < p.height(); y++) {
            for (int x = 0; x < p.width(); x++) {
                int at = y * p.width() + x;
                for (int c = 0; c < sizes.channels(); c++) {
                    out[c * plane + at] = (byte) (sizes.channels() == 1 ? grey(p, x, y) : p.get(x, y, c));
                }
            }
        }
        return out;
    }

    /** As Pillow makes grey of colours (ITU-R 601-2), in its whole numbers. */
    private static int grey(Picture p, int x, int y) {
        return p.get(x, y, 0) * 19595 + p.get(x, y, 1) * 38470 + p.get(x, y, 2) * 7471 + 0x8000 >> 16;
    }
}
