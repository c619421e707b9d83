package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.text.trace.Steps;
import dev.cutaway.text.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the trace tells is what happens. */
class TraceTest {
    private static Tokenizer open(String name) {
        return Tokenizers.fromJson(Golden.bytes(name + ".json.gz"), name);
    }

    private static List<Trace.PreToken> preTokens(Trace trace) {
        return trace.sections().stream()
                .filter(Trace.Text.class::isInstance)
                .flatMap(s -> ((Trace.Text) s).preTokens().stream())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bpe-gpt2", "bpe-llama2", "wordpiece-uncased", "unigram-t5"})
    void itsTokensAreTheEncoding(String name) {
        Tokenizer tokenizer = open(name);
        for (String text : Golden.strings().subList(0, 300)) {
            Trace trace = tokenizer.trace(text, EncodeOptions.BARE);
            List<Integer> ids = new ArrayList<>();
            preTokens(trace).forEach(p -> p.tokens().forEach(t -> ids.add(t.id())));
            assertThat(ids).isEqualTo(trace.ids());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bpe-gpt2", "bpe-llama2"})
    void itsMergesGiveTheTokens(String name) {
        Tokenizer tokenizer = open(name);
        for (String text : Golden.strings().subList(0, 400)) {
            for (Trace.PreToken word : preTokens(tokenizer.trace(text, EncodeOptions.BARE))) {
                if (!(word.steps() instanceof Steps.Merges steps)) {
                    continue;
                }
                List<String> symbols = new ArrayList<>(steps.symbols());
                for (Steps.Merge merge : steps.merges()) {
                    assertThat(symbols.get(merge.position())).isEqualTo(merge.left());
                    assertThat(symbols.remove(merge.position() + 1)).isEqualTo(merge.right());
                    symbols.set(merge.position(), merge.merged());
                }
                assertThat(symbols)
                        .isEqualTo(
                                word.tokens().stream().map(Trace.Token::piece).toList());
            }
        }
    }

    @Test
    void itsLatticeHoldsTheBestPath() {
        Tokenizer tokenizer = open("unigram-t5");
        for (Trace.PreToken word :
                preTokens(tokenizer.trace("once upon a time there was a little girl", EncodeOptions.BARE))) {
            Steps.Lattice lattice = (Steps.Lattice) word.steps();
            double sum = 0;
            int at = 0;
            List<Integer> ids = new ArrayList<>();
            for (int i : lattice.best()) {
                Steps.Candidate c = lattice.candidates().get(i);
                assertThat(c.from()).isEqualTo(at);
                at = c.to();
                sum += c.score();
                ids.add(c.id());
            }
            assertThat(at).isEqualTo(word.text().length());
            assertThat(sum).isCloseTo(lattice.score(), org.assertj.core.data.Offset.offset(1e-9));
            assertThat(ids)
                    .isEqualTo(word.tokens().stream().map(Trace.Token::id).toList());
        }
    }

    @Test
    void wordPiecesFromTheLeft() {
        Trace trace = open("wordpiece-uncased").trace("Playing \u2603", EncodeOptions.BARE);
        List<Trace.PreToken> words = preTokens(trace);
        assertThat(((Trace.Text) trace.sections().get(0)).normalised()).startsWith("playing");
        Steps.LongestFirst steps = (Steps.LongestFirst) words.get(0).steps();
        assertThat(steps.takes()).isNotEmpty();
        assertThat(((Steps.LongestFirst) words.get(1).steps()).unknown()).contains("no piece begins");
    }

    @Test
    void addedTokensAreSections() {
        Trace trace = open("bpe-gpt2").trace("a<|endoftext|>b", EncodeOptions.ALL);
        assertThat(trace.sections()).hasSize(3);
        assertThat(trace.sections().get(1)).isEqualTo(new Trace.Found(0, "<|endoftext|>", true, 1, 14));
    }
}
