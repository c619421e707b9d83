package dev.cutaway.model.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The header of a safetensors file: eight bytes of length, then a JSON object from tensor names to dtype, shape and the
 * range of bytes after the header. Everything is checked before it is believed: the length against the file, the ranges
 * against each other (they must follow one another without gaps or overlaps to the end of the file, as the format
 * demands), each range against shape and dtype.
 *
 * @param tensors by name, in the header's order
 * @param metadata the strings of {@code __metadata__}
 */
record SafetensorsHeader(Map<String, TensorEntry> tensors, Map<String, Object> metadata) {
    /** Longest header that the format's reference implementation accepts, in bytes. */
    static final long MAX_HEADER = 100_000_000;

    private static final int MAX_TENSORS = 200_000;
    private static final int MAX_RANK = 32;

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(16)
                    .maxNameLength(4096)
                    .maxStringLength(16_000_000)
                    .maxNumberLength(40)
                    .build())
            .build();

    /** Bits of an element of the types that exist; those that Cutaway reads are {@link DType}s of the same name. */
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("F64", 64),
            Map.entry("F32", 32),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I64", 64),
            Map.entry("I32", 32),
            Map.entry("I16", 16),
            Map.entry("I8", 8),
            Map.entry("U8", 8),
            Map.entry("BOOL", 8),
            Map.entry("U64", 64),
            Map.entry("U32", 32),
            Map.entry("U16", 16),
            Map.entry("C64", 64),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("F4", 4));

    /** Reads and checks the header of the file of so many bytes. */
    static SafetensorsHeader read(Path path, FileChannel channel, long size) throws IOException {
        if (size < 8) {
            throw new BadInputException(path + ": " + size
                    + " bytes are too few for a safetensors file; it is truncated, download it again");
        }
        ByteBuffer first = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        while (first.hasRemaining() && channel.read(first) >= 0) {}
        long length = first.getLong(0);
        if (length < 2 || length > MAX_HEADER) {
            throw new BadInputException(
                    path + ": header length " + Long.toUnsignedString(length) + " is not between 2 and " + MAX_HEADER
                            + "; this is no safetensors file, or it is damaged, download it again");
        }
        if (length > size - 8) {
            throw new BadInputException(path + ": header length " + length + " exceeds the file's " + size
                    + " bytes; the file is truncated, download it again");
        }
        return new Reader(path, 8 + length, size).read(new Range(channel, 8, 8 + length));
    }

    /** One pass over the header's JSON. */
    private static final class Reader {
        private final Path path;
        private final long dataStart;
        private final long size;
        private final Map<String, TensorEntry> tensors = new LinkedHashMap<>();
        private final Map<String, Object> metadata = new LinkedHashMap<>();

        Reader(Path path, long dataStart, long size) {
            this.path = path;
            this.dataStart = dataStart;
            this.size = size;
        }

        SafetensorsHeader read(InputStream in) throws IOException {
            try (JsonParser json = JSON.createParser(in)) {
                expect(json.nextToken(), JsonToken.START_OBJECT, "the header");
                while (json.nextToken() != JsonToken.END_OBJECT) {
                    String name = json.currentName();
                    json.nextToken();
                    if (name.equals("__metadata__")) {
                        readMetadata(json);
                    } else {
                        readTensor(name, json);
                    }
                }
                if (json.nextToken() != null) {
                    throw bad("the header has text after its closing brace");
                }
            } catch (JsonProcessingException e) {
                throw new BadInputException(
                        path + ": the header is not valid JSON ("
                                + MappedFile.reason(new IOException(e.getOriginalMessage()))
                                + "); the file is damaged, download it again",
                        e);
            }
            checkRanges();
            return new SafetensorsHeader(tensors, metadata);
        }

        private void readMetadata(JsonParser json) throws IOException {
            expect(json.currentToken(), JsonToken.START_OBJECT, "__metadata__");
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                expect(json.nextToken(), JsonToken.VALUE_STRING, "__metadata__ " + key);
                if (metadata.size() >= MAX_TENSORS || metadata.put(key, json.getText()) != null) {
                    throw bad("__metadata__ " + key + " appears twice");
                }
            }
        }

        private void readTensor(String name, JsonParser json) throws IOException {
            expect(json.currentToken(), JsonToken.START_OBJECT, "tensor " + name);
            Optional<String> dtype = Optional.empty();
            Optional<List<Long>> shape = Optional.empty();
            Optional<List<Long>> range = Optional.empty();
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                JsonToken token = json.nextToken();
                switch (key) {
                    case "dtype" -> {
                        expect(token, JsonToken.VALUE_STRING, "dtype of tensor " + name);
                        dtype = Optional.of(json.getText());
                    }
                    case "shape" -> shape = Optional.of(numbers(json, "shape of tensor " + name, MAX_RANK));
                    case "data_offsets" -> range = Optional.of(numbers(json, "data_offsets of tensor " + name, 2));
                    default -> json.skipChildren();
                }
            }
            add(
                    name,
                    dtype.orElseThrow(() -> bad("tensor " + name + " has no dtype")),
                    shape.orElseThrow(() -> bad("tensor " + name + " has no shape")),
                    range.orElseThrow(() -> bad("tensor " + name + " has no data_offsets")));
        }

        private void add(String name, String dtype, List<Long> shape, List<Long> range) {
            Integer bits = BITS.get(dtype);
            if (bits == null) {
                throw bad("tensor " + name + " has dtype " + shortened(dtype) + ", which is unknown");
            }
            if (range.size() != 2) {
                throw bad("data_offsets of tensor " + name + " has " + range.size() + " numbers, not 2");
            }
            long begin = range.get(0);
            long end = range.get(1);
            if (begin > end || end > size - dataStart) {
                throw new BadInputException(path + ": data_offsets " + range + " of tensor " + name
                        + " lie outside the file's " + (size - dataStart)
                        + " bytes of data; the file is truncated or damaged, download it again");
            }
            if (byteCount(name, shape, bits) != end - begin) {
                throw bad("tensor " + name + " of shape " + shape + " and dtype " + dtype + " does not take the "
                        + (end - begin) + " bytes of its data_offsets");
            }
            if (tensors.size() >= MAX_TENSORS) {
                throw bad("there are more than " + MAX_TENSORS + " tensors");
            }
            Optional<DType> known = supported(dtype);
            TensorEntry entry = new TensorEntry(name, dtype, known, shape, dataStart + begin, end - begin);
            if (tensors.put(name, entry) != null) {
                throw bad("tensor " + name + " appears twice");
            }
        }

        private long byteCount(String name, List<Long> shape, int bits) {
            try {
                long count = bits;
                for (long d : shape) {
                    count = Math.multiplyExact(count, d);
                }
                return count % 8 == 0 ? count / 8 : -1;
            } catch (ArithmeticException e) {
                throw new BadInputException(
                        path + ": shape " + shape + " of tensor " + name
                                + " has too many elements; the file is damaged, download it again",
                        e);
            }
        }

        /** The format wants the ranges to follow one another and to fill the file, so nothing can hide or be shared. */
        private void checkRanges() {
            List<TensorEntry> ordered = new ArrayList<>(tensors.values());
            ordered.sort((a, b) -> a.fileOffset() != b.fileOffset()
                    ? Long.compare(a.fileOffset(), b.fileOffset())
                    : Long.compare(a.bytes(), b.bytes()));
            long end = dataStart;
            for (TensorEntry entry : ordered) {
                if (entry.fileOffset() != end) {
                    throw bad(
                            "the data of tensor " + entry.name() + " starts at byte " + (entry.fileOffset() - dataStart)
                                    + (entry.fileOffset() < end ? " and overlaps" : " and leaves a gap after")
                                    + " the tensor before it, which ends at " + (end - dataStart));
                }
                end += entry.bytes();
            }
            if (end != size) {
                throw bad("the tensors end at byte " + end + " but the file has " + size);
            }
        }

        private List<Long> numbers(JsonParser json, String what, int limit) throws IOException {
            expect(json.currentToken(), JsonToken.START_ARRAY, what);
            List<Long> numbers = new ArrayList<>(4);
            while (json.nextToken() != JsonToken.END_ARRAY) {
                expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
                if (numbers.size() == limit) {
                    throw bad(what + " has more than " + limit + " numbers");
                }
                if (json.getNumberType() == JsonParser.NumberType.BIG_INTEGER || json.getLongValue() < 0) {
                    throw bad(what + " holds " + shortened(json.getText()) + ", which is out of range");
                }
                numbers.add(json.getLongValue());
            }
            return numbers;
        }

        private void expect(JsonToken found, JsonToken wanted, String what) {
            if (found != wanted) {
                throw bad(what + " is not "
                        + switch (wanted) {
                            case START_OBJECT -> "an object";
                            case START_ARRAY -> "an array";
                            case VALUE_STRING -> "a string";
                            default -> "a whole number";
                        });
            }
        }

        private BadInputException bad(String what) {
            return new BadInputException(path + ": " + what + "; the file is damaged, download it again");
        }
    }

    static Optional<DType> supported(String name) {
        for (DType dtype : DType.values()) {
            if (!dtype.quantised() && dtype.name().equals(name)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    /** A part of a file as a stream. */
    private static final class Range extends InputStream {
        private final FileChannel channel;
        private final long end;
        private long at;
        private final ByteBuffer one = ByteBuffer.allocate(1);

        Range(FileChannel channel, long from, long end) {
            this.channel = channel;
            this.at = from;
            this.end = end;
        }

        @Override
        public int read() throws IOException {
            return read(one.array(), 0, 1) < 0 ? -1 : one.get(0) & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            if (at >= end) {
                return -1;
            }
            int n = channel.read(ByteBuffer.wrap(to, offset, (int) Math.min(length, end - at)), at);
            if (n < 0) {
                throw new EOFException("the file shrank while its header was read");
            }
            at += n;
            return n;
        }
    }
}
