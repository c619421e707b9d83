package dev.cutaway.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class CutawayExceptionTest {
    @Test
    void keepsItsMessageAndCause() {
        var cause = new IllegalStateException("inner");
        assertThat(new BadInputException("a.gguf: too short", cause))
                .hasMessage("a.gguf: too short")
                .hasCause(cause);
    }
}
