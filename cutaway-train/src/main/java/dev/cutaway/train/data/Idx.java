package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.image.Picture;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * IDX files of unsigned bytes (LeCun's MNIST page): two zero bytes, type 8, number of dimensions, each dimension as four bytes, then
 * the data. Headers are checked before memory is taken, and memory is taken as the data comes.
 *
 * @param bytes the data
 * @param dims first that of the examples
 */
record Idx(Path file, byte[] bytes, int[] dims) {
    private static final long MOST = Integer.MAX_VALUE - 64L;
    private static final int CHUNK = 1 << 20;

    static Idx read(Path file, int dimensions) {
        try (InputStream in = DataFiles.open(file)) {
            byte[] magic = in.readNBytes(4);
            if (magic.length < 4 || magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || magic[3] != dimensions) {
                throw new BadInputException(file + ": is no IDX file of unsigned bytes with " + dimensions
                        + " dimensions (it must begin with the bytes 0 0 8 " + dimensions + "); give the file of "
                        + (dimensions == 1 ? "labels" : "images"));
            }
            ByteBuffer header = ByteBuffer.wrap(in.readNBytes(4 * dimensions));
            int[] dims = new int[dimensions];
            long size = 1;
            for (int i = 0; i < dimensions; i++) {
                if (header.remaining() < 4) {
                    throw new BadInputException(file + ": ends in its header; it is truncated, get it again");
                }
                dims[i] = header.getInt();
                if (dims[i] < 1 || size > MOST / dims[i]) {
                    throw dims[i] < 1
                            ? new BadInputException(file + ": dimension " + i + " is "
                                    + Integer.toUnsignedString(dims[i]) + "; it is empty or damaged, get it again")
                            : new ResourceException(
                                    file + ": says that it holds more than 2 GB; cut it, or get it again");
                }
                size *= dims[i];
            }
            return new Idx(file, data(file, in, (int) size), dims);
        } catch (EOFException e) {
            throw new BadInputException(file + ": ends too early; it is truncated, get it again", e);
        } catch (IOException e) {
            throw DataFiles.unreadable(file, e);
        }
    }

    private static byte[] data(Path file, InputStream in, int size) throws IOException {
        byte[] all = new byte[Math.min(size, CHUNK)];
        int have = 0;
        while (have < size) {
            if (have == all.length) {
                all = Arrays.copyOf(all, (int) Math.min(size, 2L * all.length));
            }
            int n = in.read(all, have, all.length - have);
            if (n < 0) {
                throw new BadInputException(file + ": holds " + have + " bytes of data, its header says " + size
                        + "; it is truncated, get it again");
            }
            have += n;
        }
        if (in.read() >= 0) {
            throw new BadInputException(
                    file + ": goes on after the " + size + " bytes that its header says; get it again");
        }
        return all;
    }

    /** One image, its levels as all three colours. */
    Picture picture(int i) {
        int plane = dims[1] * dims[2];
        byte[] rgb = new byte[3 * plane];
        for (int p = 0; p < rgb.length; p++) {
            rgb[p] = bytes[i * plane + p / 3];
        }
        return new Picture(dims[2], dims[1], rgb);
    }

    /** The images as a model reads them: grey, or three equal channels. */
    Pictures pictures(ImageSizes s) {
        if (dims[1] != s.height() || dims[2] != s.width()) {
            throw new BadInputException(file + ": holds images of " + dims[1] + " x " + dims[2]
                    + " pixels; the model reads " + s.height() + " x " + s.width() + " (image_size)");
        }
        int plane = dims[1] * dims[2];
        return new Pictures() {
            @Override
            public int count() {
                return dims[0];
            }

            @Override
            public byte[] levels(int i) {
                byte[] out = new byte[s.channels() * plane];
                for (int c = 0; c < s.channels(); c++) {
                    System.arraycopy(bytes, i * plane, out, c * plane, plane);
                }
                return out;
            }
        };
    }
}
