package dev.cutaway.model.image;

import dev.cutaway.tensor.BadInputException;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads PNG (W3C, third edition): every colour type, depth and interlacing. Colours come out as Pillow's
 * {@code convert("RGB")} makes them: gamma and colour profiles are left alone, alpha and transparency are dropped, of 16
 * bits the upper 8 are kept (of 16-bit grey alone, as Pillow does, the value cut off at 255).
 */
final class PngReader {
    private static final int[] CHANNELS = {1, 0, 3, 1, 2, 0, 4};
    private static final int[][] PASSES = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };
    /** No deflated byte becomes more than 1032 bytes. */
    private static final int BEST_RATIO = 1032;

    private final String name;
    private final byte[] file;
    private int width;
    private int height;
    private int depth;
    private int colour;
    private boolean interlaced;
    private byte[] palette = {};
    private int orientation = 1;
    private long dataBytes;
    private int firstData = -1;
    private int inputAt;

    private PngReader(String name, byte[] file) {
        this.name = name;
        this.file = file;
    }

    static Picture read(String name, byte[] file, ImageLimits limits) {
        PngReader reader = new PngReader(name, file);
        reader.chunks(limits);
        return reader.pixels().upright(reader.orientation);
    }

    private void chunks(ImageLimits limits) {
        int at = 8;
        boolean ended = false;
        while (!ended) {
            if (file.length - at < 12) {
                throw damaged("it ends before its IEND chunk");
            }
            long length = word(at);
            if (length > file.length - at - 12L) {
                throw damaged("a chunk of " + length + " bytes exceeds the file");
            }
            int type = (int) word(at + 4);
            chunk(type, at + 8, (int) length, limits);
            ended = type == 0x49454e44;
            at += 12 + (int) length;
        }
        if (firstData < 0) {
            throw damaged("it has no pixels (no IDAT chunk)");
        }
    }

    private void chunk(int type, int at, int length, ImageLimits limits) {
        if (width == 0 && type != 0x49484452) {
            throw damaged("its first chunk is not IHDR");
        }
        switch (type) {
            case 0x49484452 -> header(at, length, limits);
            case 0x504c5445 -> {
                checkCrc(at, length);
                if (length % 3 != 0 || length > 768) {
                    throw damaged("a palette of " + length + " bytes");
                }
                palette = Arrays.copyOfRange(file, at, at + length);
            }
            case 0x49444154 -> {
                checkCrc(at, length);
                firstData = firstData < 0 ? at - 8 : firstData;
                dataBytes += length;
            }
            case 0x65584966 -> orientation = Exif.orientation(file, at, length);
            case 0x49454e44 -> {}
            default -> {
                if ((type >>> 24 & 0x20) == 0) {
                    throw damaged("it needs the unknown chunk 0x" + Integer.toHexString(type));
                }
            }
        }
    }

    private void header(int at, int length, ImageLimits limits) {
        if (length != 13 || width != 0) {
            throw damaged("its IHDR chunk is not one of 13 bytes");
        }
        checkCrc(at, length);
        long w = word(at);
        long h = word(at + 4);
        if (w < 1 || h < 1) {
            throw damaged("it has " + w + " x " + h + " pixels");
        }
        limits.check(name, w, h);
        width = (int) w;
        height = (int) h;
        depth = file[at + 8];
        colour = file[at + 9];
        boolean known = switch (colour) {
            case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case 2, 4, 6 -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!known || file[at + 10] != 0 || file[at + 11] != 0 || file[at + 12] < 0 || file[at + 12] > 1) {
            throw damaged("colour type " + colour + " with " + depth + " bits, or an unknown compression");
        }
        interlaced = file[at + 12] == 1;
    }

    private void checkCrc(int at, int length) {
        CRC32 crc = new CRC32();
        crc.update(file, at - 4, length + 4);
        if (crc.getValue() != word(at + length)) {
            throw damaged("a chunk's checksum is wrong");
        }
    }

    private Picture pixels() {
        if (colour == 3 && palette.length == 0) {
            throw damaged("it has no palette");
        }
        long raw = 0;
        for (int[] pass : passes()) {
            raw += rawBytes(pass);
        }
        if (raw / BEST_RATIO > dataBytes) {
            throw damaged(dataBytes + " bytes cannot hold " + width + " x " + height + " pixels, it is truncated");
        }
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        Inflater inflater = new Inflater();
        try {
            inputAt = firstData;
            for (int[] pass : passes()) {
                pass(inflater, pass, rgb);
            }
        } catch (DataFormatException e) {
            throw damaged("its compressed data is broken");
        } finally {
            inflater.end();
        }
        return new Picture(width, height, rgb);
    }

    private int[][] passes() {
        return interlaced ? PASSES : new int[][] {{0, 0, 1, 1}};
    }

    private int columns(int[] pass) {
        return (width - pass[0] + pass[2] - 1) / pass[2];
    }

    private int rows(int[] pass) {
        return (height - pass[1] + pass[3] - 1) / pass[3];
    }

    private long rawBytes(int[] pass) {
        return columns(pass) == 0 ? 0 : (rowBytes(columns(pass)) + 1) * rows(pass);
    }

    private long rowBytes(int columns) {
        return ((long) columns * CHANNELS[colour] * depth + 7) / 8;
    }

    private void pass(Inflater inflater, int[] pass, byte[] rgb) throws DataFormatException {
        int columns = columns(pass);
        if (columns == 0) {
            return;
        }
        int bytes = Math.toIntExact(rowBytes(columns));
        int step = Math.max(1, CHANNELS[colour] * depth / 8);
        byte[] row = new byte[bytes + 1];
        byte[] above = new byte[bytes + 1];
        for (int y = 0; y < rows(pass); y++) {
            fill(inflater, row);
            unfilter(row, above, step);
            for (int x = 0; x < columns; x++) {
                int at = ((pass[1] + y * pass[3]) * width + pass[0] + x * pass[2]) * 3;
                pixel(row, x, rgb, at);
            }
            byte[] swap = above;
            above = row;
            row = swap;
        }
    }

    /** Inflates one row; the data goes on from chunk to chunk. */
    private void fill(Inflater inflater, byte[] row) throws DataFormatException {
        int filled = 0;
        while (filled < row.length) {
            int n = inflater.inflate(row, filled, row.length - filled);
            filled += n;
            if (n == 0) {
                if (inflater.finished() || inflater.needsDictionary() || !nextInput(inflater)) {
                    throw damaged("its pixels end early, it is truncated");
                }
            }
        }
    }

    private boolean nextInput(Inflater inflater) {
        while (file.length - inputAt >= 12) {
            int length = (int) word(inputAt);
            int type = (int) word(inputAt + 4);
            int from = inputAt + 8;
            inputAt += 12 + length;
            if (type == 0x49444154 && length > 0) {
                inflater.setInput(file, from, length);
                return true;
            }
            if (type == 0x49454e44) {
                return false;
            }
        }
        return false;
    }

    private void unfilter(byte[] row, byte[] above, int step) {
        switch (row[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = step + 1; i < row.length; i++) {
                    row[i] += row[i - step];
                }
            }
            case 2 -> {
                for (int i = 1; i < row.length; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> {
                for (int i = 1; i < row.length; i++) {
                    int left = i > step ? row[i - step] & 0xff : 0;
                    row[i] += (byte) ((left + (above[i] & 0xff)) / 2);
                }
            }
            case 4 -> {
                for (int i = 1; i < row.length; i++) {
                    boolean inside = i > step;
                    row[i] += (byte) paeth(inside ? row[i - step] : 0, above[i], inside ? above[i - step] : 0);
                }
            }
            default -> throw damaged("a row has the unknown filter " + row[0]);
        }
    }

    private static int paeth(byte left, byte above, byte corner) {
        int a = left & 0xff;
        int b = above & 0xff;
        int c = corner & 0xff;
        int p = a + b - c;
        int pa = Math.abs(p - a);
        int pb = Math.abs(p - b);
        int pc = Math.abs(p - c);
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }

    private void pixel(byte[] row, int x, byte[] rgb, int at) {
        switch (colour) {
            case 0 -> grey(rgb, at, grey(row, x));
            case 4 -> grey(rgb, at, row[1 + x * depth / 4]);
            case 3 -> {
                int entry = packed(row, x) * 3;
                if (entry + 3 <= palette.length) {
                    System.arraycopy(palette, entry, rgb, at, 3);
                }
            }
            default -> {
                int size = depth / 8;
                int from = 1 + x * CHANNELS[colour] * size;
                for (int c = 0; c < 3; c++) {
                    rgb[at + c] = row[from + c * size];
                }
            }
        }
    }

    private byte grey(byte[] row, int x) {
        return switch (depth) {
            case 16 -> row[1 + 2 * x] != 0 ? (byte) 255 : row[2 + 2 * x];
            case 8 -> row[1 + x];
            default -> (byte) (packed(row, x) * 255 / ((1 << depth) - 1));
        };
    }

    private int packed(byte[] row, int x) {
        int bit = x * depth;
        int shift = 8 - depth - (bit & 7);
        return (row[1 + (bit >> 3)] & 0xff) >> shift & ((1 << depth) - 1);
    }

    private static void grey(byte[] rgb, int at, byte value) {
        rgb[at] = value;
        rgb[at + 1] = value;
        rgb[at + 2] = value;
    }

    private long word(int at) {
        return (file[at] & 0xffL) << 24
                | (file[at + 1] & 0xff) << 16
                | (file[at + 2] & 0xff) << 8
                | (file[at + 3] & 0xff);
    }

    private BadInputException damaged(String what) {
        return new BadInputException(name + ": a damaged PNG file, " + what + "; save or download it again");
    }
}
