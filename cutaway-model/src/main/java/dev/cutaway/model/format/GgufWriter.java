package dev.cutaway.model.format;

import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/** Writes GGUF files of version 3: header, then one tensor after the other; the file appears whole or not at all. */
public final class GgufWriter {
    private static final int ALIGNMENT = 32;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private GgufWriter() {}

    /** Writes tensors that are in memory. */
    public static void write(Path path, Map<String, GgufValue> metadata, Map<String, Tensor> tensors) {
        List<StreamedTensor> streamed = new ArrayList<>();
        tensors.forEach((name, tensor) -> streamed.add(StreamedTensor.of(name, tensor)));
        write(path, metadata, streamed, _ -> {});
    }

    /**
     * Writes tensors as their data comes.
     *
     * @param metadata keys in the order given; {@code general.alignment} is the writer's own business
     * @param tensors shapes row-major; turned round for the file
     * @param progress told the number of data bytes written so far
     * @throws UsageException if a dtype has no place in the format
     * @throws dev.cutaway.tensor.ResourceException if the disk has no room
     */
    public static void write(
            Path path, Map<String, GgufValue> metadata, List<StreamedTensor> tensors, LongConsumer progress) {
        byte[] header = new GgufWriter().header(metadata, tensors);
        long data = tensors.stream().mapToLong(t -> padded(t.bytes())).reduce(0, Math::addExact);
        AtomicFile.write(path, header.length + data, channel -> {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
            long done = 0;
            for (StreamedTensor tensor : tensors) {
                tensor.write(channel);
                int padding = (int) (padded(tensor.bytes()) - tensor.bytes());
                AtomicFile.writeFully(channel, ByteBuffer.allocate(padding));
                done += padded(tensor.bytes());
                progress.accept(done);
            }
        });
    }

    private static long padded(long bytes) {
        return Math.addExact(bytes, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private byte[] header(Map<String, GgufValue> metadata, List<StreamedTensor> tensors) {
        bytes.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        int32(3);
        int64(tensors.size());
        boolean aligned = metadata.containsKey("general.alignment");
        int64(metadata.size() - (aligned ? 1 : 0));
        metadata.forEach((key, value) -> {
            if (!key.equals("general.alignment")) {
                text(key);
                int32(value.type().id());
                value(value);
            }
        });
        Set<String> names = new HashSet<>();
        long offset = 0;
        for (StreamedTensor tensor : tensors) {
            if (!names.add(tensor.name())) {
                throw new IllegalArgumentException("tensor name " + tensor.name() + " is taken");
            }
            describe(tensor, offset);
            offset += padded(tensor.bytes());
        }
        while (bytes.size() % ALIGNMENT != 0) {
            bytes.write(0);
        }
        return bytes.toByteArray();
    }

    private void describe(StreamedTensor tensor, long offset) {
        GgmlType type = GgmlType.of(tensor.dtype())
                .orElseThrow(() -> new UsageException("GGUF has no place for "
                        + tensor.dtype().label() + " (tensor " + tensor.name() + "); write it as i8 or f32"));
        text(tensor.name());
        long[] shape = tensor.dims();
        int32(shape.length);
        for (int i = shape.length - 1; i >= 0; i--) {
            int64(shape[i]);
        }
        int32(type.id());
        int64(offset);
    }

    private void value(GgufValue value) {
        if (value.type() == GgufType.ARRAY) {
            int32(value.element().id());
            int64(value.length());
        }
        switch (value.value()) {
            case Long v -> whole(value.element(), v);
            case Float v -> int32(Float.floatToRawIntBits(v));
            case Double v -> int64(Double.doubleToRawLongBits(v));
            case Boolean v -> bytes.write(v ? 1 : 0);
            case String v -> text(v);
            default -> array(value);
        }
    }

    private void array(GgufValue value) {
        switch (value.value()) {
            case int[] a -> {
                for (int v : a) {
                    whole(value.element(), v);
                }
            }
            case long[] a -> {
                for (long v : a) {
                    whole(value.element(), v);
                }
            }
            case float[] a -> {
                for (float v : a) {
                    int32(Float.floatToRawIntBits(v));
                }
            }
            case double[] a -> {
                for (double v : a) {
                    int64(Double.doubleToRawLongBits(v));
                }
            }
            case boolean[] a -> {
                for (boolean v : a) {
                    bytes.write(v ? 1 : 0);
                }
            }
            case String[] a -> {
                for (String v : a) {
                    text(v);
                }
            }
            case List<?> a -> a.forEach(v -> value((GgufValue) v));
            default -> throw new IllegalArgumentException("no metadata value: " + value);
        }
    }

    private void whole(GgufType type, long v) {
        switch (type) {
            case UINT8, INT8 -> bytes.write((int) v);
            case UINT16, INT16 -> {
                bytes.write((int) v);
                bytes.write((int) (v >> 8));
            }
            case UINT32, INT32 -> int32((int) v);
            case UINT64, INT64 -> int64(v);
            default -> throw new IllegalArgumentException("whole number as " + type);
        }
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int64(utf8.length);
        bytes.writeBytes(utf8);
    }

    private void int32(int v) {
        bytes.writeBytes(
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(v).array());
    }

    private void int64(long v) {
        bytes.writeBytes(
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
    }
}
