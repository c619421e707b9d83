package dev.cutaway.train.data;

import static dev.cutaway.train.data.Toy.input;
import static dev.cutaway.train.data.Toy.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Example;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations of which only the assistant's words count. */
class ChatTest {
    private static final String TEMPLATE =
            "{% for m in messages %}{{ m['role'] }} : {{ m['content'] }} <end>\n{% endfor %}"
                    + "{% if add_generation_prompt %}assistant : {% endif %}";

    @TempDir
    private Path folder;

    private Batches open(String name, String text, String template, int context, Object... more) {
        Map<String, Object> data = new HashMap<>();
        data.put("chat", Toy.write(folder.resolve(name), text).toString());
        data.put("order", "sequential");
        for (int i = 0; i < more.length; i += 2) {
            data.put((String) more[i], more[i + 1]);
        }
        Map<String, Object> config = new HashMap<>();
        if (!template.isEmpty()) {
            config.put("template", template);
        }
        return DataSource.of(
                data, "next-token", Toy.context(Family.DECODER, Toy.words(folder, 50), 1, context, config));
    }

    /** What is read, and the words that count. */
    private static String shown(Example e) {
        StringBuilder out = new StringBuilder();
        for (int[] x : new int[][] {input(e, "tokens"), labels(e)}) {
            out.append(Arrays.toString(Arrays.stream(x)
                            .map(i -> i >= Toy.WORDS ? i - Toy.WORDS : i == Toy.END ? -1 : i == -100 ? -100 : -2)
                            .toArray()))
                    .append('\n');
        }
        return out.toString();
    }

    @Test
    void onlyTheAssistantsTokensCount() {
        String line =
                "{\"messages\": [{\"role\": \"user\", \"content\": \"w1 w2\"}, {\"role\": \"assistant\", \"content\": \"w3\"},"
                        + " {\"role\": \"user\", \"content\": \"w4\"}, {\"role\": \"assistant\", \"content\": \"w5 w6\"}]}\n";
        Example e = open("c.jsonl", line, TEMPLATE, 64).batch(1).getFirst();
        // user : w1 w2 end assistant : w3 end user : w4 end assistant : w5 w6 end; -2: unknown words, -1: the end
        // token.
        assertThat(shown(e)).isEqualTo("""
                [-2, -2, 1, 2, -1, -2, -2, 3, -1, -2, -2, 4, -1, -2, -2, 5, 6]
                [-100, -100, -100, -100, -100, -100, 3, -1, -100, -100, -100, -100, -100, -100, 5, 6, -1]
                """);
        Example all =
                open("c.jsonl", line, TEMPLATE, 64, "learn", "all").batch(1).getFirst();
        assertThat(labels(all)[2]).isEqualTo(Toy.WORDS + 2);
    }

    @Test
    void aUsersEndTokenIsText() {
        String line =
                "{\"messages\": [{\"role\": \"user\", \"content\": \"w1 <end> w2\"}, {\"role\": \"assistant\", \"content\": \"w3\"}]}\n";
        Example e = open("c.jsonl", line, TEMPLATE, 64).batch(1).getFirst();
        assertThat(Arrays.stream(input(e, "tokens")).filter(i -> i == Toy.END).count())
                .isEqualTo(1);
    }

    @Test
    void rowsAsQuestionsAndAnswers() {
        Batches b = open(
                "t.tsv",
                "w1\tw2 w3\nw4\tw5\n",
                TEMPLATE,
                64,
                "columns",
                java.util.List.of("intent", "text"),
                "user",
                "w9 {text}",
                "assistant",
                "{intent}",
                "system",
                "w8");
        assertThat(shown(b.batch(1).getFirst())).isEqualTo("""
                [-2, -2, 8, -1, -2, -2, 9, 2, 3, -1, -2, -2, 1]
                [-100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, 1, -1]
                """);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Batches b = open("c.jsonl", """
                {"messages": [{"role": "user", "content": "w1"}, {"role": "assistant", "content": "w2"}]}
                {"messages": [{"role": "user", "content": "w1 w1 w1 w1 w1 w1 w1 w1"}, {"role": "assistant", "content": "w2"}]}
                {"messages": [{"content": "w1"}]}
                {"messages": []}
                {"turns": 3}
                """, TEMPLATE, 8);
        assertThat(b.size()).isEqualTo(1);
        assertThat(b.complaints()).hasSize(5);
        assertThat(b.complaints().get(0)).contains("line 2: has nothing of the assistant within the context");
        assertThat(b.complaints().get(1)).contains("line 3: has a message without a role under messages");
        assertThat(b.complaints().get(2)).contains("line 4: has no list of messages");
        assertThat(b.complaints().get(3)).contains("line 5: has no list of messages");
        assertThat(b.complaints().get(4)).isEqualTo("1 conversations longer than the context of 8 tokens, cut");
    }

    @Test
    void templatesThatRearrangeAreRefused() {
        String line =
                "{\"messages\": [{\"role\": \"user\", \"content\": \"w1\"}, {\"role\": \"assistant\", \"content\": \"w2\"}]}\n";
        assertThatThrownBy(() -> open("c.jsonl", line, "{{ messages | length }} {{ messages[-1]['content'] }}", 64))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the chat template does not put message 2 behind those before it");
        assertThatThrownBy(() -> open("c.jsonl", line, "", 64))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("the model has no chat template");
        assertThatThrownBy(() -> open("t.tsv", "a\tb\n", TEMPLATE, 64, "user", "{1}"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data.user and data.assistant go together");
    }
}
