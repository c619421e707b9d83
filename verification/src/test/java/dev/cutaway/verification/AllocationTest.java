package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.Session;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Generating a token allocates nothing. Whether C2 boxes a vector depends on what a JVM has compiled before, so one JVM proves
 * nothing: ten are started.
 */
@Tag("slow")
class AllocationTest {
    private static final int JVMS = 10;

    @Test
    void aGeneratedTokenAllocatesNothingInTenJvms() throws IOException, InterruptedException {
        List<Long> bytes = new ArrayList<>();
        for (int i = 0; i < JVMS; i++) {
            bytes.add(fork(i));
        }
        assertThat(bytes)
                .as("bytes for forty tokens in each JVM")
                .allSatisfy(b -> assertThat(b).isLessThan(40));
    }

    private static long fork(int run) throws IOException, InterruptedException {
        Process p = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dcutaway.order=" + run,
                        "-cp",
                        System.getProperty("java.class.path")
                                + java.io.File.pathSeparator
                                + System.getProperty("jdk.module.path", ""),
                        Probe.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (InputStream in = p.getInputStream()) {
            String out = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            assertThat(p.waitFor()).as(out).isZero();
            return Long.parseLong(out);
        }
    }

    /** Generates with the embedded model and prints the bytes that all threads allocated for forty tokens. */
    static final class Probe {
        private static final int WARM = 1600;
        private static final int STRETCHES = 9;
        private static final int MEASURED = 40;

        private Probe() {}

        public static void main(String[] args) {
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            try (Model m = Model.open("tales", OpenOptions.defaults().withThreads(2));
                    Session s = m.session()) {
                int[] one = new int[1]; // the caller's own, and the only object
                for (int i = 0; i < WARM; i++) {
                    if (i % 200 == 0) {
                        s.reset();
                    }
                    one[0] = 17 + i % 50;
                    s.append(one);
                }
                // The median of some stretches: in one or two of them the cache grows, which is not a token's doing.
                long[] stretches = new long[STRETCHES];
                for (int k = 0; k < STRETCHES; k++) {
                    long first = total(threads);
                    long before = total(threads);
                    long asking = before - first; // what the question itself allocates
                    for (int i = 0; i < MEASURED; i++) {
                        one[0] = 20 + i;
                        s.append(one);
                    }
                    stretches[k] = total(threads) - before - asking;
                }
                Arrays.sort(stretches);
                System.out.println(stretches[STRETCHES / 2]);
            }
        }

        private static long total(com.sun.management.ThreadMXBean threads) {
            long sum = 0;
            for (long b : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
                sum += Math.max(0, b);
            }
            return sum;
        }
    }
}
