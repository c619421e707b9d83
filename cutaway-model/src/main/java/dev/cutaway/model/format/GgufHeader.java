package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The header of a GGUF file (ggml's docs/gguf.md): magic, version, counts, metadata, and a description of each tensor.
 * Counts and lengths are held against what is left of the file before memory is taken for them.
 *
 * @param version 2 or 3
 * @param metadata the key-value part
 * @param tensors by name, in the file's order, dimensions turned round to row-major
 */
record GgufHeader(int version, GgufMetadata metadata, SequencedMap<String, TensorEntry> tensors) {
    private static final int MAGIC = 0x46554747; // "GGUF", read little endian
    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 200_000;
    private static final int MAX_NAME = 1 << 16;
    private static final int MAX_TEXT = 1 << 26;
    private static final int MAX_ELEMENTS = 1 << 24;
    private static final int MAX_DEPTH = 4;
    private static final int MAX_RANK = 8;

    /** Reads and checks the header. */
    static GgufHeader read(Path path, FileChannel channel, long size) throws IOException {
        return new Reader(path, new GgufInput(path, channel, size), size).read();
    }

    /** A tensor as described, before its place in the file is known. */
    private record Raw(String name, List<Long> shape, GgmlType type, long offset, long bytes) {}

    private static final class Reader {
        private final Path path;
        private final GgufInput in;
        private final long size;
        private long elements; // of all arrays so far

        Reader(Path path, GgufInput in, long size) {
            this.path = path;
            this.in = in;
            this.size = size;
        }

        GgufHeader read() throws IOException {
            if (in.int32("the magic number") != MAGIC) {
                throw new BadInputException(
                        path
                                + ": does not start with GGUF; this is no GGUF file, give a .gguf file or a directory with config.json");
            }
            int version = in.int32("the version");
            if ((version & 0xffff) == 0 && version != 0) {
                throw new BadInputException(
                        path + ": is a big-endian GGUF file; download or convert a little-endian one");
            }
            if (version != 2 && version != 3) {
                throw new BadInputException(path + ": is GGUF version " + Integer.toUnsignedString(version)
                        + "; versions 2 and 3 can be read, convert it again");
            }
            int tensorCount = (int) in.count(24, MAX_TENSORS, "the number of tensors");
            int keyCount = (int) in.count(13, MAX_KEYS, "the number of keys");
            SequencedMap<String, GgufValue> values = new LinkedHashMap<>();
            for (int i = 0; i < keyCount; i++) {
                String key = in.text(MAX_NAME, "the name of key " + i);
                GgufType type = type(key);
                if (values.put(key, value(key, type, 0)) != null) {
                    throw bad("key " + shown(key) + " appears twice");
                }
            }
            GgufMetadata metadata = new GgufMetadata(path, values);
            List<Raw> raws = new ArrayList<>();
            for (int i = 0; i < tensorCount; i++) {
                raws.add(tensor(i));
            }
            return new GgufHeader(version, metadata, place(raws, alignment(metadata)));
        }

        private GgufType type(String key) throws IOException {
            int id = in.int32("the type of key " + shown(key));
            return GgufType.of(id)
                    .orElseThrow(() -> bad(
                            "key " + shown(key) + " has type " + Integer.toUnsignedString(id) + ", which is unknown"));
        }

        private GgufValue value(String key, GgufType type, int depth) throws IOException {
            if (type == GgufType.ARRAY) {
                return array(key, depth);
            }
            Object value = switch (type) {
                case FLOAT32 -> Float.intBitsToFloat(in.int32(key));
                case FLOAT64 -> Double.longBitsToDouble(in.int64(key));
                case BOOL -> bool(key);
                case STRING -> in.text(MAX_TEXT, "key " + shown(key));
                default -> whole(key, type);
            };
            return new GgufValue(type, type, value);
        }

        private boolean bool(String key) throws IOException {
            int value = in.octet(key);
            if (value > 1) {
                throw bad("key " + shown(key) + " is " + value + ", which is no truth value");
            }
            return value == 1;
        }

        /** A whole number; unsigned ones of 64 bits that exceed a long are refused, nothing real needs them. */
        private long whole(String key, GgufType type) throws IOException {
            return switch (type) {
                case UINT8 -> in.octet(key);
                case INT8 -> (byte) in.octet(key);
                case UINT16 -> in.int16(key) & 0xffff;
                case INT16 -> in.int16(key);
                case UINT32 -> in.int32(key) & 0xffff_ffffL;
                case INT32 -> in.int32(key);
                case INT64 -> in.int64(key);
                case UINT64 -> {
                    long value = in.int64(key);
                    if (value < 0) {
                        throw bad("key " + shown(key) + " is " + Long.toUnsignedString(value)
                                + ", which is out of range");
                    }
                    yield value;
                }
                default -> throw new IllegalArgumentException(type.name());
            };
        }

        private GgufValue array(String key, int depth) throws IOException {
            if (depth == MAX_DEPTH) {
                throw bad("key " + shown(key) + " holds arrays nested more than " + MAX_DEPTH + " deep");
            }
            GgufType type = type(key);
            int count = (int) in.count(type.leastBytes(), MAX_ELEMENTS, "the length of key " + shown(key));
            elements += count;
            if (elements > 2L * MAX_ELEMENTS) {
                throw bad("the arrays have more than " + 2 * MAX_ELEMENTS + " elements together");
            }
            Object values = switch (type) {
                case FLOAT32 -> in.floats(count, key);
                case INT32 -> in.ints(count, key);
                case FLOAT64 -> doubles(key, count);
                case BOOL -> bools(key, count);
                case STRING -> in.texts(count, MAX_TEXT, "key " + shown(key));
                case ARRAY -> arrays(key, count, depth);
                default -> wholes(key, type, count);
            };
            return new GgufValue(GgufType.ARRAY, type, values);
        }

        private double[] doubles(String key, int count) throws IOException {
            double[] values = new double[count];
            for (int i = 0; i < count; i++) {
                values[i] = Double.longBitsToDouble(in.int64(key));
            }
            return values;
        }

        private boolean[] bools(String key, int count) throws IOException {
            boolean[] values = new boolean[count];
            for (int i = 0; i < count; i++) {
                values[i] = bool(key);
            }
            return values;
        }

        private List<GgufValue> arrays(String key, int count, int depth) throws IOException {
            List<GgufValue> values = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                values.add(array(key, depth + 1));
            }
            return List.copyOf(values);
        }

        private Object wholes(String key, GgufType type, int count) throws IOException {
            if (type != GgufType.INT64 && type != GgufType.UINT64 && type != GgufType.UINT32) {
                int[] values = new int[count];
                for (int i = 0; i < count; i++) {
                    values[i] = (int) whole(key, type);
                }
                return values;
            }
            long[] values = new long[count];
            boolean small = true;
            for (int i = 0; i < count; i++) {
                values[i] = whole(key, type);
                small &= values[i] == (int) values[i];
            }
            return small
                    ? java.util.Arrays.stream(values).mapToInt(v -> (int) v).toArray()
                    : values;
        }

        private Raw tensor(int index) throws IOException {
            String name = in.text(MAX_NAME, "the name of tensor " + index);
            String what = "the description of tensor " + shown(name);
            int rank = in.int32(what);
            if (rank < 0 || rank > MAX_RANK) {
                throw bad("tensor " + shown(name) + " has " + Integer.toUnsignedString(rank) + " dimensions; at most "
                        + MAX_RANK + " can be");
            }
            List<Long> shape = new ArrayList<>();
            for (int i = 0; i < rank; i++) {
                shape.add(in.int64(what));
            }
            int id = in.int32(what);
            GgmlType type = GgmlType.of(id)
                    .orElseThrow(() -> bad("tensor " + shown(name) + " has type " + Integer.toUnsignedString(id)
                            + ", which is unknown (" + GgmlType.readable() + " can be read)"));
            return new Raw(name, shape.reversed(), type, in.int64(what), bytes(name, shape.reversed(), type));
        }

        private long bytes(String name, List<Long> shape, GgmlType type) {
            long count = 1;
            for (long d : shape) {
                if (d < 0 || (d > 0 && count > Long.MAX_VALUE / d)) {
                    throw bad("shape " + shape + " of tensor " + shown(name) + " is impossible");
                }
                count *= d;
            }
            long row = shape.isEmpty() ? 1 : shape.getLast();
            if (row % type.blockSize() != 0) {
                throw bad("rows of tensor " + shown(name) + ", shape " + shape + ", do not fill whole blocks of "
                        + type.blockSize() + " (" + type.name() + ")");
            }
            try {
                return Math.multiplyExact(count / type.blockSize(), (long) type.blockBytes());
            } catch (ArithmeticException e) {
                throw new BadInputException(
                        path + ": shape " + shape + " of tensor " + shown(name) + " is impossible", e);
            }
        }

        private int alignment(GgufMetadata metadata) {
            long alignment = metadata.integer("general.alignment").orElse(32L);
            if (alignment < 1 || alignment > 1 << 20 || Long.bitCount(alignment) != 1) {
                throw bad("key general.alignment is " + alignment + ", which is no power of two up to 2^20");
            }
            return (int) alignment;
        }

        private SequencedMap<String, TensorEntry> place(List<Raw> raws, int alignment) {
            long start = (in.position() + alignment - 1) / alignment * alignment;
            SequencedMap<String, TensorEntry> tensors = new LinkedHashMap<>();
            for (Raw raw : raws) {
                if (raw.offset % alignment != 0) {
                    throw bad("tensor " + shown(raw.name) + " starts at " + raw.offset
                            + ", which is not a multiple of the alignment " + alignment);
                }
                if (raw.offset < 0 || raw.offset > size - start || raw.bytes > size - start - raw.offset) {
                    throw bad("tensor " + shown(raw.name) + " takes " + raw.bytes + " bytes from "
                            + Long.toUnsignedString(raw.offset) + ", beyond the file's " + (size - start)
                            + " bytes of data");
                }
                TensorEntry entry = new TensorEntry(
                        raw.name, raw.type.name(), raw.type.dtype(), raw.shape, start + raw.offset, raw.bytes);
                if (tensors.put(raw.name, entry) != null) {
                    throw bad("tensor " + shown(raw.name) + " appears twice");
                }
            }
            checkOverlaps(tensors);
            return tensors;
        }

        private void checkOverlaps(SequencedMap<String, TensorEntry> tensors) {
            List<TensorEntry> ordered = new ArrayList<>(tensors.values());
            if (inOrder(ordered)) {
                return;
            }
            ordered.sort((a, b) -> a.fileOffset() != b.fileOffset()
                    ? Long.compare(a.fileOffset(), b.fileOffset())
                    : Long.compare(a.bytes(), b.bytes()));
            for (int i = 1; i < ordered.size(); i++) {
                TensorEntry before = ordered.get(i - 1);
                if (ordered.get(i).fileOffset() < before.fileOffset() + before.bytes()) {
                    throw bad("the data of tensor " + shown(ordered.get(i).name()) + " overlaps that of tensor "
                            + shown(before.name()));
                }
            }
        }

        /** Whether each begins where the one before has ended, or after it, as in nearly every file. */
        private static boolean inOrder(List<TensorEntry> tensors) {
            long end = 0;
            for (TensorEntry tensor : tensors) {
                if (tensor.fileOffset() < end) {
                    return false;
                }
                end = tensor.fileOffset() + tensor.bytes();
            }
            return true;
        }

        private BadInputException bad(String what) {
            return new BadInputException(
                    path + ": " + what + "; the file is damaged or not understood, download it again");
        }

        /** A name fit for a message: short, on one line. */
        private static String shown(String name) {
            String clean = name;
            for (int i = 0; i < name.length(); i++) {
                if (name.charAt(i) < ' ' || name.charAt(i) == 0x7F) {
                    clean = clean.replace(name.charAt(i), '?');
                }
            }
            return clean.length() <= 80 ? clean : clean.substring(0, 80) + "...";
        }
    }
}
