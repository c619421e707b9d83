package dev.cutaway.train.run;

import dev.cutaway.train.Trainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Event files as TensorBoard reads them: records of TensorFlow (length, masked CRC-32C of it, data, masked CRC-32C of that), each a protocol
 * buffer {@code Event} with scalars or a text. A run that goes on writes a file of its own that begins by saying at which step, so that what
 * the interrupted one had written after its checkpoint is not shown.
 */
final class TensorBoard implements RunListener, AutoCloseable {
    private final Path file;
    private final FileChannel out;

    TensorBoard(Path directory, long done) {
        double now = System.currentTimeMillis() / 1000.0;
        this.file = directory.resolve("events.out.tfevents." + (long) now + ".cutaway."
                + ProcessHandle.current().pid() + "." + done);
        try {
            Files.createDirectories(directory);
            this.out = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
        event(0, new Message().text(3, "brain.Event:2")); // file_version
        if (done > 0) {
            event(done + 1, new Message().message(7, new Message().number(1, 1))); // session_log: START
        }
    }

    @Override
    public void step(Trainer.Step s, double tokensPerSecond, Map<String, Trainer.Norms> norms) {
        Message summary = new Message();
        scalar(summary, "train/loss", s.loss());
        scalar(summary, "train/grad_norm", s.gradientNorm());
        scalar(summary, "train/lr", s.rate());
        scalar(summary, "train/tokens_per_s", tokensPerSecond);
        norms.forEach((part, n) -> {
            scalar(summary, "grad_norm/" + part, n.gradient());
            scalar(summary, "weight_norm/" + part, n.weight());
            scalar(summary, "update_norm/" + part, n.update());
        });
        event(s.step(), new Message().message(5, summary));
    }

    @Override
    public void valid(long step, double loss, Map<String, Double> right) {
        Message summary = new Message();
        scalar(summary, "valid/loss", loss);
        right.forEach((labels, share) -> scalar(summary, "valid/accuracy/" + labels, share));
        event(step, new Message().message(5, summary));
    }

    @Override
    public void sample(long step, String prompt, String text) {
        // Value{tag, metadata{plugin_data{plugin_name: text}}, tensor{dtype: DT_STRING, tensor_shape{dim{size: 1}},
        // string_val}}
        Message shape = new Message().message(2, new Message().number(1, 1));
        Message tensor = new Message().number(1, 7).message(2, shape).text(8, prompt + text);
        Message plugin = new Message().message(1, new Message().text(1, "text"));
        Message value =
                new Message().text(1, "sample/" + prompt).message(9, plugin).message(8, tensor);
        event(step, new Message().message(5, new Message().message(1, value)));
    }

    private static void scalar(Message summary, String tag, double x) {
        summary.message(1, new Message().text(1, tag).real(2, (float) x));
    }

    private void event(long step, Message what) {
        Message e = new Message().fixed(1, System.currentTimeMillis() / 1000.0).number(2, step);
        byte[] data = e.and(what).bytes();
        ByteBuffer b = ByteBuffer.allocate(16 + data.length).order(ByteOrder.LITTLE_ENDIAN);
        b.putLong(data.length);
        b.putInt(masked(b.array(), 0, 8));
        b.put(data);
        b.putInt(masked(data, 0, data.length));
        b.flip();
        try {
            long start = out.position();
            try {
                while (b.hasRemaining()) {
                    out.write(b);
                }
            } catch (IOException problem) {
                out.truncate(start);
                throw problem;
            }
        } catch (IOException problem) {
            throw Disk.failure(file, problem);
        }
    }

    /** A checksum that may itself be part of what is summed. */
    private static int masked(byte[] x, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(x, from, length);
        int c = (int) crc.getValue();
        return (c >>> 15 | c << 17) + 0xa282ead8;
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }

    /** A protocol buffer, field by field. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        private void varint(long x) {
            long rest = x;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        Message number(int field, long x) {
            varint((long) field << 3);
            varint(x);
            return this;
        }

        Message fixed(int field, double x) {
            varint((long) field << 3 | 1);
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putDouble(x)
                    .array());
            return this;
        }

        Message real(int field, float x) {
            varint((long) field << 3 | 5);
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(x)
                    .array());
            return this;
        }

        Message message(int field, Message inner) {
            return bytes(field, inner.bytes());
        }

        Message text(int field, String s) {
            return bytes(field, s.getBytes(StandardCharsets.UTF_8));
        }

        private Message bytes(int field, byte[] x) {
            varint((long) field << 3 | 2);
            varint(x.length);
            out.writeBytes(x);
            return this;
        }

        Message and(Message more) {
            out.writeBytes(more.bytes());
            return this;
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
