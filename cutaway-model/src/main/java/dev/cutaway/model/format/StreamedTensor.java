package dev.cutaway.model.format;

import dev.cutaway.tensor.Codec;
import dev.cutaway.tensor.Codecs;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A tensor to be written: what the header must say beforehand, and where the data comes from when its turn is there. The
 * source may be of another dtype; it is converted in pieces, so that no whole tensor is kept.
 *
 * @param name its name in the file
 * @param dtype its element type in the file
 * @param shape its dimensions, row-major; the source must have as many elements
 * @param source gives the data, once, when it is needed; what it computes may lie in the arena, which is closed when the data is written
 */
public record StreamedTensor(String name, DType dtype, List<Long> shape, Function<Arena, Tensor> source) {
    private static final int PIECE = 1 << 18; // elements converted by one thread at a time

    /** Keeps the dimensions from being changed. */
    public StreamedTensor {
        shape = List.copyOf(shape);
    }

    /** A tensor written as it is. */
    public static StreamedTensor of(String name, Tensor tensor) {
        return new StreamedTensor(
                name, tensor.dtype(), Arrays.stream(tensor.shape()).boxed().toList(), _ -> tensor);
    }

    /** Bytes that the data takes in the file. */
    public long bytes() {
        return TensorEntry.bytes(dtype, dims());
    }

    /** The dimensions as an array, outermost first. */
    public long[] dims() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    /** Writes the data at the channel's position. */
    void write(FileChannel channel) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            write(source.apply(arena), channel);
        }
    }

    private void write(Tensor tensor, FileChannel channel) throws IOException {
        if (tensor.size() != shape.stream().reduce(1L, Math::multiplyExact)) {
            throw new IllegalStateException("tensor " + name + " was declared as " + shape + " but is " + tensor);
        }
        if (tensor.dtype() == dtype) {
            copy(tensor.data(), channel);
        } else {
            convert(tensor, channel);
        }
    }

    private static void copy(MemorySegment data, FileChannel channel) throws IOException {
        long step = 1 << 26;
        for (long at = 0; at < data.byteSize(); at += step) {
            ByteBuffer piece =
                    data.asSlice(at, Math.min(step, data.byteSize() - at)).asByteBuffer();
            AtomicFile.writeFully(channel, piece);
        }
    }

    /** Converts through f32, several pieces at a time in parallel, and writes them in order. */
    private void convert(Tensor tensor, FileChannel channel) throws IOException {
        int lanes = Runtime.getRuntime().availableProcessors();
        Codec decoder = Codecs.of(tensor.dtype());
        Codec encoder = Codecs.of(dtype);
        long pieceBytes = dtype.bytes(PIECE);
        float[][] buffers = new float[lanes][PIECE];
        try (Arena arena = Arena.ofShared()) {
            MemorySegment out = arena.allocate(pieceBytes * lanes, Tensor.ALIGNMENT);
            for (long start = 0; start < tensor.size(); start += (long) PIECE * lanes) {
                long from = start;
                long left = Math.min((long) PIECE * lanes, tensor.size() - from);
                IntStream.range(0, lanes).parallel().forEach(lane -> {
                    long first = (long) lane * PIECE;
                    int n = Math.clamp(left - first, 0, PIECE);
                    if (n == 0) {
                        return;
                    }
                    decoder.decode(tensor.data(), from + first, buffers[lane], 0, n);
                    encoder.encode(buffers[lane], 0, n, out.asSlice(lane * pieceBytes, pieceBytes), 0);
                });
                copy(out.asSlice(0, dtype.bytes(left)), channel);
            }
        }
    }
}
