package dev.cutaway.inspect;

import io.helidon.common.buffers.BufferData;
import io.helidon.websocket.WsSession;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * What waits to be sent to one page. Bounded: a page that does not read makes its own desk wait for room, never the memory
 * grow. Tokens of a running generation do not wait: if there is no room they are left out, because the answer that ends the
 * generation carries all of them ("never slow the engine").
 */
final class Outbox {
    private static final int ROOM = 256;

    private sealed interface Item {}

    private record Text(String text) implements Item {}

    private record Bytes(byte[] bytes) implements Item {}

    private record End() implements Item {}

    private final BlockingQueue<Item> waiting = new LinkedBlockingQueue<>(ROOM);
    private final WsSession session;
    private final Thread writer;
    private volatile boolean closed;

    Outbox(WsSession session) {
        this.session = session;
        this.writer = Thread.ofVirtual().name("inspector outbox").start(this::write);
    }

    /** Sends a message, waiting for room. */
    void send(String text) {
        put(new Text(text));
    }

    /** Sends a binary message, waiting for room. */
    void send(byte[] bytes) {
        put(new Bytes(bytes));
    }

    /** Sends a message if there is room; says whether there was. */
    boolean offer(String text) {
        if (closed || waiting.remainingCapacity() <= ROOM / 4) {
            return false;
        }
        put(new Text(text));
        return true;
    }

    boolean closed() {
        return closed;
    }

    private void put(Item item) {
        if (closed) {
            return;
        }
        try {
            waiting.put(item);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Drops what waits and ends the writer. */
    void close() {
        closed = true;
        waiting.clear();
        waiting.add(new End());
        writer.interrupt();
    }

    private void write() {
        try {
            while (!closed) {
                switch (waiting.take()) {
                    case Text(String text) -> session.send(text, true);
                    case Bytes(byte[] bytes) -> session.send(BufferData.create(bytes), true);
                    case End() -> {
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            // The page has gone: its desk is closed by the listener, nothing is left to tell anyone.
            closed = true;
            waiting.clear();
        }
    }
}
