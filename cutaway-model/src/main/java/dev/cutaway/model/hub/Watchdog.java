package dev.cutaway.model.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Closes a stream that has brought nothing for a while, so that reading it fails instead of waiting for ever. */
final class Watchdog implements AutoCloseable {
    private final InputStream watched;
    private final Thread guard;
    private volatile long last = System.nanoTime();
    private volatile boolean barked;

    Watchdog(InputStream stream, Duration patience) {
        long limit = patience.toNanos();
        this.watched = new FilterInputStream(stream) {
            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                int n = super.read(bytes, from, length);
                last = System.nanoTime();
                return n;
            }
        };
        this.guard = Thread.ofVirtual().name("hub-watchdog").start(() -> guard(stream, limit));
    }

    private void guard(InputStream stream, long limit) {
        try {
            while (System.nanoTime() - last < limit) {
                Thread.sleep(Math.clamp(limit / 4_000_000, 10, 1000));
            }
            barked = true;
            stream.close();
        } catch (InterruptedException | IOException e) {
            // the stream was read to its end, or is closed already
            Thread.currentThread().interrupt();
        }
    }

    /** The stream to read from. */
    InputStream watched() {
        return watched;
    }

    /** Whether it was this that ended the stream. */
    boolean barked() {
        return barked;
    }

    @Override
    public void close() {
        guard.interrupt();
    }
}
