package dev.cutaway.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.lora.LoraConfig;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Optimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recipes as they are written. */
class RecipeTest {
    private static final String LEAST = "model: {init: m}\ndata: {batches: b}\nsteps: 50\nout: o\n";

    @TempDir
    private Path dir;

    private Recipe read(String text, String... sets) throws IOException {
        Path f = Files.writeString(dir.resolve("r.yaml"), text);
        return Recipe.of("r.yaml", RecipeFile.read(f, List.of(sets)));
    }

    @Test
    void defaults() throws IOException {
        Recipe r = read(LEAST);
        assertThat(r.batch()).isEqualTo(8);
        assertThat(r.checkpointEvery()).isEqualTo(5);
        assertThat(r.validEvery()).isEqualTo(5);
        assertThat(r.log()).isEqualTo(Path.of("o", "log.jsonl"));
        assertThat(r.optimizer()).isEqualTo(Optimizer.AdamW.defaults());
        assertThat(r.clip()).isZero();
        assertThat(r.objective()).isEmpty();
        assertThat(r.noDecaySaid()).isFalse();
    }

    @Test
    void numbersAreThoseOfYaml12() throws IOException {
        Recipe r = read(LEAST + "optimizer: {lr: 1e-3, eps: .5, weight_decay: +1.0E+1}\nbatch: 0x10\nseed: -3\n");
        assertThat(r.rate()).isEqualTo(1e-3);
        assertThat(r.optimizer()).isEqualTo(new Optimizer.AdamW(0.9, 0.999, 0.5, 10));
        assertThat(r.batch()).isEqualTo(16);
        assertThat(r.seed()).isEqualTo(-3);
        assertThat(read(LEAST + "optimizer: {lr: 1e300, eps: 1e300}").rate()).isEqualTo(1e300);
        assertThatThrownBy(() -> read(LEAST + "batch: yes")).isInstanceOf(UsageException.class);
    }

    @Test
    void settingsReachAnything() throws IOException {
        Recipe r = read(
                LEAST,
                "optimizer.betas=[0.5, 0.6]",
                "data.batches=other",
                "schedule.name=cosine",
                "steps=100",
                "optimizer.no_decay=[]",
                "samples.prompts=[a, b]",
                "out=a=b");
        assertThat(r.optimizer()).isEqualTo(new Optimizer.AdamW(0.5, 0.6, 1e-8, 0.01));
        assertThat(r.data()).containsEntry("batches", "other");
        assertThat(r.steps()).isEqualTo(100);
        assertThat(r.noDecaySaid()).isTrue();
        assertThat(r.samples().prompts()).containsExactly("a", "b");
        assertThat(r.out()).isEqualTo(Path.of("a=b"));
        assertThatThrownBy(() -> read(LEAST, "steps.x=1")).isInstanceOf(UsageException.class);
    }

    @Test
    void adaptersAreAsPeftHasThem() throws IOException {
        assertThat(read(LEAST).lora()).isEmpty();
        LoraConfig c =
                lora("{rank: 4, alpha: 6.5, targets: [q_proj, v_proj], rslora: true, rank_pattern: {q_proj: 2}}");
        assertThat(c.rank()).isEqualTo(4);
        assertThat(c.scale("a.v_proj", 4)).isEqualTo(6.5 / 2);
        assertThat(c.rank("a.q_proj")).isEqualTo(2);
        assertThat(c.targets()).isEqualTo(new LoraConfig.Targets.Suffixes(List.of("q_proj", "v_proj")));
        LoraConfig least = lora("{targets: all-linear}");
        assertThat(least.targets()).isEqualTo(new LoraConfig.Targets.AllLinear());
        assertThat(least.rank()).isEqualTo(8);
        assertThat(least.alpha()).isEqualTo(8);
        assertThat(least.dropout()).isZero();
        assertThat(lora("{targets: q_proj, dropout: 0.05}").dropout()).isEqualTo(0.05);
        assertThat(lora("{targets: q_proj}").targets()).isEqualTo(new LoraConfig.Targets.Suffixes(List.of("q_proj")));
        assertThat(lora("{targets: '.*[02].q_proj'}").targets())
                .isEqualTo(new LoraConfig.Targets.Expression(".*[02].q_proj"));
        assertThatThrownBy(() -> lora("{}")).hasMessageContaining("lora.targets is missing");
        assertThatThrownBy(() -> lora("{rank: 0}")).hasMessageContaining("lora.rank");
        assertThatThrownBy(() -> lora("{dropout: 1}")).hasMessageContaining("lora.dropout");
        assertThatThrownBy(() -> lora("{target: [a]}")).hasMessageContaining("lora.targets?");
        assertThatThrownBy(() -> lora("{rank_pattern: {a: b}}")).hasMessageContaining("lora.rank_pattern.a");
        assertThatThrownBy(() ->
                        read("model: {architecture: gpt2}\ndata: {batches: b}\nsteps: 1\nout: o\nlora: {targets: [a]}"))
                .hasMessageContaining("model.init");
        LoraSection said = read(LEAST + "lora: {rank: 8}").lora().orElseThrow();
        said.requireSame(least, "there");
        assertThatThrownBy(() -> said.requireSame(c, "there")).hasMessageContainingAll("lora.rank is 8", "there", "4");
    }

    private LoraConfig lora(String section) throws IOException {
        return read(LEAST + "lora: " + section).lora().orElseThrow().config();
    }

    @Test
    void theNearestKeyIsNamed() {
        assertThatThrownBy(() -> read(LEAST + "bach: 3"))
                .hasMessageContaining("bach")
                .hasMessageContaining("batch?");
        assertThatThrownBy(() -> read(LEAST + "optimizer: {beta: 3}")).hasMessageContaining("optimizer.betas?");
        assertThatThrownBy(() -> read(LEAST + "warmup: 3")).hasMessageContaining("schedule.warmup?");
        assertThatThrownBy(() -> read(LEAST + "optimizer: adamw")).hasMessageContaining("optimizer");
    }

    /** The documentation's table is this one. */
    @Test
    void theTableInTheDocumentationIsTheKeys() throws IOException {
        String doc = Files.readString(Path.of(System.getProperty("cutaway.root"), "docs/recipes.md"));
        assertThat(doc).contains(String.join("\n", RecipeKeys.table()));
    }
}
