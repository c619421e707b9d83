package dev.cutaway.graph.run;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A few persistent threads that run programs of short steps, each cut into chunks; the thread that calls {@link #run} takes
 * part. A step of a token may last 20 microseconds, so handing over must cost well below one.
 *
 * <p>One number in memory holds everything that a thread needs to find work: the step, how many chunks it has, and the next
 * chunk. A thread claims by adding one, and what it reads back tells it which chunk of which step is its own, even if the
 * step changed in between: the count must sit in the same number, or a stale one would let a thread claim a chunk of the
 * next step. Whoever finishes the last chunk of a step publishes the next. There is no barrier at which a thread must
 * appear, so one that lost its core to another process delays nobody (except by the one chunk that it holds), and joins
 * at the step that is current when it returns.
 *
 * <p>Idle threads spin for a few microseconds, then give their core away if anyone wants it, then park.
 */
public final class Pool implements AutoCloseable {
    /** The most chunks that a step may have. */
    public static final int MAX_CHUNKS = 1 << 15;

    private static final Program NOTHING = new Nothing();
    private static final long SPIN_NANOS = 10_000;
    private static final long PARK_NANOS = 100_000;

    // Each of these in a cache line of its own.
    private static final int TICKET = 16; // step << 32 | chunks << 16 | next chunk
    private static final int LEFT = 32; // chunks of the step that are not finished
    private static final int ASLEEP = 48; // parked threads
    private static final int DONE = 64; // 1 when the program has ended

    private final AtomicLongArray shared = new AtomicLongArray(80);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final ReentrantLock running = new ReentrantLock();
    private final Worker[] workers;
    private volatile boolean closed;
    private volatile boolean callerAsleep;
    // Written before a step is published, read after a chunk of it was claimed.
    private Program program = NOTHING;
    private Thread caller = Thread.currentThread();

    /**
     * A pool of so many threads, the calling one included; 1 runs everything on the caller.
     *
     * @throws IllegalArgumentException if it is less than 1 or more than 1024
     */
    public Pool(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("a pool of " + threads + " threads: from 1 to 1024");
        }
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    /** What a pool runs: steps one after the other, the chunks of a step in any order and on any thread. */
    public interface Program {
        /** Number of steps. */
        int steps();

        /**
         * Chunks of a step, 0 to {@link #MAX_CHUNKS}; asked once for each run, when all earlier steps are finished.
         */
        int chunks(int step);

        /**
         * Runs one chunk.
         *
         * @param worker which thread runs it, 0 (the caller) to threads - 1: chooses the scratch memory
         */
        void execute(int step, int chunk, int worker);
    }

    /** Threads, the caller included. */
    public int threads() {
        return workers.length + 1;
    }

    /**
     * Runs a program and returns when all of its steps are finished. If a chunk throws, the rest of the program is left out,
     * the exception is thrown here, and the pool stays usable. Runs of several threads wait for each other. Allocates nothing.
     *
     * @throws IllegalStateException if the pool is closed or the caller is itself a chunk of a running program
     */
    public void run(Program newProgram) {
        boolean ours = Thread.currentThread() instanceof Worker w && w.pool() == this;
        if (ours || running.isHeldByCurrentThread()) {
            throw new IllegalStateException("a chunk of a program cannot run another program on the same pool");
        }
        running.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the pool is closed");
            }
            if (workers.length == 0) {
                runAlone(newProgram);
            } else {
                runShared(newProgram);
            }
        } finally {
            running.unlock();
        }
    }

    private static void runAlone(Program p) {
        int steps = p.steps();
        for (int step = 0; step < steps; step++) {
            int chunks = checked(step, p.chunks(step));
            for (int chunk = 0; chunk < chunks; chunk++) {
                p.execute(step, chunk, 0);
            }
        }
    }

    private void runShared(Program newProgram) {
        program = newProgram;
        caller = Thread.currentThread();
        failure.set(null);
        shared.set(DONE, 0);
        publish(0, 0);
        long idleSince = 0;
        while (shared.get(DONE) == 0) {
            if (work(0)) {
                idleSince = 0;
            } else {
                idleSince = idle(idleSince, 0);
            }
        }
        program = NOTHING;
        Throwable thrown = failure.get();
        if (thrown instanceof RuntimeException e) {
            throw e;
        } else if (thrown instanceof Error e) {
            throw e;
        }
    }

    /**
     * Makes the first step from {@code step} on that has several chunks the current one, or ends the program. Steps of one
     * chunk are run at once: handing them out would take longer than they do.
     */
    private void publish(int step, int worker) {
        try {
            int steps = program.steps();
            for (int s = step; s < steps && failure.get() == null; s++) {
                int chunks = checked(s, program.chunks(s));
                if (chunks == 1) {
                    program.execute(s, 0, worker);
                } else if (chunks > 1) {
                    shared.set(LEFT, chunks);
                    shared.set(TICKET, (long) s << 32 | (long) chunks << 16);
                    wake(chunks - 1);
                    return;
                }
            }
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        }
        shared.set(DONE, 1);
        if (callerAsleep) {
            LockSupport.unpark(caller);
        }
    }

    private static int checked(int step, int chunks) {
        if (chunks < 0 || chunks > MAX_CHUNKS) {
            throw new IllegalArgumentException("step " + step + " has " + chunks + " chunks: from 0 to " + MAX_CHUNKS);
        }
        return chunks;
    }

    /** Runs one chunk if there is one to claim. */
    private boolean work(int worker) {
        if (!open(shared.get(TICKET))) { // looking first keeps idle threads from counting the claims up for ever
            return false;
        }
        long ticket = shared.getAndIncrement(TICKET);
        if (!open(ticket)) {
            return false;
        }
        int step = (int) (ticket >>> 32);
        try {
            if (failure.get() == null) {
                program.execute(step, (int) (ticket & 0xffff), worker);
            }
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        }
        if (shared.decrementAndGet(LEFT) == 0) {
            publish(step + 1, worker);
        }
        return true;
    }

    private static boolean open(long ticket) {
        return (ticket & 0xffff) < (ticket >>> 16 & 0xffff);
    }

    /** Waits a little, longer and longer; returns since when. */
    @SuppressWarnings("ThreadPriorityCheck") // yielding is only about speed beside other processes
    private long idle(long since, int worker) {
        Thread.onSpinWait();
        long now = System.nanoTime();
        if (since == 0) {
            return now;
        }
        if (now - since > PARK_NANOS) {
            sleep(worker);
            return 0;
        }
        if (now - since > SPIN_NANOS) {
            Thread.yield();
        }
        return since;
    }

    /** Parks until there may be work. The look after the announcement is what makes a wake-up certain. */
    private void sleep(int worker) {
        if (worker == 0) {
            callerAsleep = true;
            if (shared.get(DONE) == 0 && !open(shared.get(TICKET))) {
                LockSupport.park(this);
            }
            callerAsleep = false;
            return;
        }
        Worker self = workers[worker - 1];
        self.asleep = true;
        shared.getAndIncrement(ASLEEP);
        if (!closed && !open(shared.get(TICKET))) {
            LockSupport.park(this);
        }
        self.asleep = false;
        shared.getAndDecrement(ASLEEP);
    }

    private void wake(int count) {
        if (callerAsleep) {
            LockSupport.unpark(caller);
        }
        if (shared.get(ASLEEP) == 0) {
            return;
        }
        int woken = 0;
        for (int i = 0; i < workers.length && woken < count; i++) {
            if (workers[i].asleep) {
                LockSupport.unpark(workers[i]);
                woken++;
            }
        }
    }

    /** Ends the threads, after the program that runs, if one does. */
    @Override
    public void close() {
        running.lock();
        try {
            closed = true;
            for (Worker w : workers) {
                LockSupport.unpark(w);
            }
        } finally {
            running.unlock();
        }
    }

    /** A thread that looks for chunks until the pool is closed. */
    private final class Worker extends Thread {
        private final int number;
        volatile boolean asleep;

        Worker(int number) {
            super("cutaway-worker-" + number);
            this.number = number;
            setDaemon(true);
        }

        Pool pool() {
            return Pool.this;
        }

        @Override
        public void run() {
            long idleSince = 0;
            while (!closed) {
                if (work(number)) {
                    idleSince = 0;
                } else {
                    idleSince = idle(idleSince, number);
                }
            }
        }
    }

    /** The program of a pool that runs none. */
    private record Nothing() implements Program {
        @Override
        public int steps() {
            return 0;
        }

        @Override
        public int chunks(int step) {
            return 0;
        }

        @Override
        public void execute(int step, int chunk, int worker) {}
    }
}
