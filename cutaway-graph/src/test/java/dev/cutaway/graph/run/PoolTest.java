package dev.cutaway.graph.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class PoolTest {
    /** Counts executions, and checks that no step starts before the one before it ended. */
    private static final class Counting implements Pool.Program {
        private final int[] chunks;
        private final AtomicIntegerArray[] runs;
        private final AtomicIntegerArray left;
        private final AtomicInteger disorder = new AtomicInteger();
        private final AtomicInteger work = new AtomicInteger();
        private final int threads;

        Counting(int[] chunks, int threads) {
            this.chunks = chunks;
            this.threads = threads;
            runs = new AtomicIntegerArray[chunks.length];
            left = new AtomicIntegerArray(chunks);
            for (int s = 0; s < chunks.length; s++) {
                runs[s] = new AtomicIntegerArray(chunks[s]);
            }
        }

        @Override
        public int steps() {
            return chunks.length;
        }

        @Override
        public int chunks(int step) {
            return chunks[step];
        }

        @Override
        public void execute(int step, int chunk, int worker) {
            if (worker < 0 || worker >= threads) {
                disorder.incrementAndGet();
            }
            for (int s = Math.max(0, step - 3); s < step; s++) {
                if (left.get(s) != 0) {
                    disorder.incrementAndGet();
                }
            }
            runs[step].incrementAndGet(chunk);
            work.lazySet(chunk * 31 + step);
            left.decrementAndGet(step);
        }

        void check() {
            assertThat(disorder.get()).isZero();
            for (int s = 0; s < chunks.length; s++) {
                for (int c = 0; c < chunks[s]; c++) {
                    assertThat(runs[s].get(c)).as("step %d chunk %d", s, c).isEqualTo(1);
                }
            }
        }
    }

    private static int[] randomChunks(Random random, int steps) {
        return random.ints(steps, 0, 12)
                .map(c -> random.nextInt(4) == 0 ? 1 : c)
                .toArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void everyChunkRunsOnceAndStepsInOrder(int threads) throws InterruptedException {
        long seed = 42L + threads;
        Random random = new Random(seed);
        try (Pool pool = new Pool(threads)) {
            for (int round = 0; round < 300; round++) {
                Counting program = new Counting(randomChunks(random, random.nextInt(120)), threads);
                pool.run(program);
                program.check();
                if (round % 50 == 0) {
                    Thread.sleep(2); // long enough for the threads to park
                }
            }
        }
    }

    @Test
    void manyChunksInOneStep() {
        try (Pool pool = new Pool(3)) {
            Counting program = new Counting(new int[] {Pool.MAX_CHUNKS, 0, 1, Pool.MAX_CHUNKS}, 3);
            pool.run(program);
            program.check();
        }
    }

    @Test
    void callersTakeTurns() throws InterruptedException {
        try (Pool pool = new Pool(2)) {
            AtomicInteger failures = new AtomicInteger();
            Thread[] callers = new Thread[4];
            for (int i = 0; i < callers.length; i++) {
                Random random = new Random(i);
                callers[i] = new Thread(() -> {
                    for (int round = 0; round < 50; round++) {
                        Counting program = new Counting(randomChunks(random, 20), 2);
                        pool.run(program);
                        try {
                            program.check();
                        } catch (AssertionError e) {
                            failures.incrementAndGet();
                        }
                    }
                });
                callers[i].start();
            }
            for (Thread t : callers) {
                t.join();
            }
            assertThat(failures.get()).isZero();
        }
    }

    /** Throws in one chunk of step 3. */
    private static final class Failing implements Pool.Program {
        private final RuntimeException error = new IllegalStateException("chunk 5 of step 3");
        private final AtomicInteger after = new AtomicInteger();

        @Override
        public int steps() {
            return 6;
        }

        @Override
        public int chunks(int step) {
            return 8;
        }

        @Override
        public void execute(int step, int chunk, int worker) {
            if (step == 3 && chunk == 5) {
                throw error;
            }
            if (step > 3) {
                after.incrementAndGet();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void exceptionsReachTheCallerAndThePoolGoesOn(int threads) {
        try (Pool pool = new Pool(threads)) {
            for (int round = 0; round < 20; round++) {
                Failing failing = new Failing();
                assertThatThrownBy(() -> pool.run(failing)).isSameAs(failing.error);
                assertThat(failing.after.get()).isZero();
                Counting program = new Counting(new int[] {3, 0, 7, 1, 9}, threads);
                pool.run(program);
                program.check();
            }
        }
    }

    @Test
    void badChunkCountsAndNestingAreRefused() {
        try (Pool pool = new Pool(2)) {
            assertThatThrownBy(() -> pool.run(new Counting(new int[] {1, Pool.MAX_CHUNKS + 1}, 2)))
                    .hasMessageContaining("step 1 has 32769 chunks");
            assertThatThrownBy(() -> pool.run(new Pool.Program() {
                        @Override
                        public int steps() {
                            return 1;
                        }

                        @Override
                        public int chunks(int step) {
                            return 4;
                        }

                        @Override
                        public void execute(int step, int chunk, int worker) {
                            pool.run(this);
                        }
                    }))
                    .hasMessageContaining("cannot run another program");
        }
        Pool closed = new Pool(2);
        closed.close();
        closed.close();
        assertThatThrownBy(() -> closed.run(new Counting(new int[] {1}, 2))).hasMessageContaining("closed");
        assertThatThrownBy(() -> new Pool(0)).hasMessageContaining("0 threads");
    }
}
