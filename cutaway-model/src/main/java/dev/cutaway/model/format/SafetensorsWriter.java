package dev.cutaway.model.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/** Writes safetensors files: header first, then one tensor after the other; the file appears whole or not at all. */
public final class SafetensorsWriter {
    private static final JsonFactory JSON = new JsonFactory();

    private SafetensorsWriter() {}

    /** Writes tensors that are in memory, without metadata. */
    public static void write(Path path, Map<String, Tensor> tensors) {
        List<StreamedTensor> streamed = new ArrayList<>();
        tensors.forEach((name, tensor) -> streamed.add(StreamedTensor.of(name, tensor)));
        write(path, streamed, Map.of(), _ -> {});
    }

    /**
     * Writes tensors as their data comes. The widest elements come first, as the reference implementation orders them, so that
     * every tensor is aligned to its element size.
     *
     * @param metadata the strings of {@code __metadata__}
     * @param progress told the number of data bytes written so far
     * @throws UsageException if a dtype has no place in the format
     * @throws dev.cutaway.tensor.ResourceException if the disk has no room
     */
    public static void write(
            Path path, List<StreamedTensor> tensors, Map<String, String> metadata, LongConsumer progress) {
        List<StreamedTensor> ordered = new ArrayList<>(tensors);
        ordered.sort(Comparator.comparingInt((StreamedTensor t) -> t.dtype().blockBytes())
                .reversed());
        Set<String> names = new HashSet<>();
        for (StreamedTensor tensor : ordered) {
            if (tensor.dtype().quantised()) {
                throw new UsageException(
                        "safetensors has no place for " + tensor.dtype().label() + " (tensor " + tensor.name()
                                + "); write f32, f16 or bf16, or a .gguf file");
            }
            if (!names.add(tensor.name()) || tensor.name().equals("__metadata__")) {
                throw new IllegalArgumentException("tensor name " + tensor.name() + " is taken");
            }
        }
        byte[] header = header(ordered, metadata);
        long data = ordered.stream().mapToLong(StreamedTensor::bytes).reduce(0, Math::addExact);
        AtomicFile.write(path, 8 + header.length + data, channel -> {
            ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(channel, length.putLong(0, header.length));
            AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
            long done = 0;
            for (StreamedTensor tensor : ordered) {
                tensor.write(channel);
                done += tensor.bytes();
                progress.accept(done);
            }
        });
    }

    /** The header's JSON, padded with spaces so that the data starts at a multiple of eight. */
    private static byte[] header(List<StreamedTensor> tensors, Map<String, String> metadata) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart("__metadata__");
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            long at = 0;
            for (StreamedTensor tensor : tensors) {
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.dtype().name());
                json.writeFieldName("shape");
                json.writeArray(tensor.dims(), 0, tensor.dims().length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {at, at + tensor.bytes()}, 0, 2);
                json.writeEndObject();
                at += tensor.bytes();
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        while (bytes.size() % 8 != 0) {
            bytes.write(' ');
        }
        return bytes.toByteArray();
    }
}
