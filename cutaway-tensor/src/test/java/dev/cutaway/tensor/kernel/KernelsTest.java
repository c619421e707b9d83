package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelsTest {
    @Test
    void theChoiceSaysWhatRunsAndWhy() {
        assertThat(Kernels.explain()).contains(": ");
        assertThat(Kernels.get().name()).startsWith(System.getProperty("cutaway.kernels.expected", ""));
        assertThat(Kernels.get().name()).isIn("machine", "scalar", "vector-128", "vector-256", "vector-512");
        assertThat(Choice.make("scalar").why()).contains("leave it out for vectors");
        assertThat(Choice.make(" Auto ").error()).isEmpty();
        assertThat(Choice.make("128").bits()).isEqualTo(128);
        assertThat(Choice.make("128").machine()).isFalse();
        assertThat(Choice.make("vector").machine()).isFalse();
        assertThat(Choice.make("vector").scalar()).isFalse();
    }

    @Test
    void unknownKernelsAreRefusedWithTheKnownOnes() {
        Choice choice = Choice.make("fast");
        assertThat(choice.scalar()).isTrue();
        assertThat(choice.error())
                .hasValueSatisfying(
                        e -> assertThat(e)
                                .isEqualTo(
                                        "-Dcutaway.kernels=fast: unknown kernels; use auto, machine, vector, scalar, 128, 256 or 512"));
    }
}
