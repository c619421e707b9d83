package dev.cutaway.model.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.Method;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A token costs no memory: the arrays of a sequence are taken once. */
class SamplerAllocationTest {
    @Test
    void nothingIsAllocatedForATokenAfterWarmUp() throws Exception {
        assumeTrue(ModuleLayer.boot().findModule("jdk.management").isPresent(), "needs com.sun.management");
        Object bean = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        Method allocated = Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
        SplittableRandom random = new SplittableRandom(5);
        float[] logits = new float[50_000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian() * 4;
        }
        SamplingOptions options = new SamplingOptions(0.9, 200, 0.95, 0.01, 0.99, 1.1, 0.1, 0.1, Map.of(), 3);
        Sampler sampler = new Sampler(options, logits.length);
        for (int i = 0; i < 300; i++) {
            sampler.next(logits);
        }
        long before = (long) allocated.invoke(bean);
        for (int i = 0; i < 200; i++) {
            sampler.next(logits);
        }
        long bytes = (long) allocated.invoke(bean) - before;
        // The measuring itself boxes a number or two.
        assertThat(bytes).isLessThan(2_000);
    }
}
