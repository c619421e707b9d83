package dev.cutaway.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Model;
import dev.cutaway.train.Backward;
import dev.cutaway.train.Differentiation;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Planned;
import dev.cutaway.train.Trained;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who computes a run's gradients. */
class EngineTest {
    @Test
    void whatNoPlanKnowsIsComputedByTheDefinition() {
        Path path = Path.of(System.getProperty("cutaway.root"), "verification/golden/models/gpt2");
        try (Model m = Model.open(path);
                Pool pool = new Pool(1)) {
            Trained w = Trained.copyOf(m.graph(), m::weight);
            Objective.Part labels = new Objective.Part("logits", Objective.LABELS, 0);
            Objective.Part teacher = Objective.Part.teacher("logits", "teacher", 1, 2);
            Differentiation fast = Setup.engine(Objective.of(m.graph(), List.of(labels), p -> true), w, pool, false);
            assertThat(fast).isInstanceOf(Planned.class);
            assertThat(Setup.slow(fast)).isEmpty();
            ((Planned) fast).close();
            Objective both = Objective.of(m.graph(), List.of(labels, teacher), p -> true);
            Differentiation slow = Setup.engine(both, w, pool, false);
            assertThat(slow).isInstanceOf(Backward.class);
            assertThat(Setup.slow(slow).orElseThrow()).contains("by the definition");
        }
    }
}
