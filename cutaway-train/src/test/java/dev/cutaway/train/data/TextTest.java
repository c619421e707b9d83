package dev.cutaway.train.data;

import static dev.cutaway.train.data.Toy.END;
import static dev.cutaway.train.data.Toy.WORDS;
import static dev.cutaway.train.data.Toy.input;
import static dev.cutaway.train.data.Toy.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.train.Example;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Windows of plain text, worked out by hand. */
class TextTest {
    @TempDir
    private Path folder;

    private Batches open(int batch, int context, Map<String, Object> data) {
        Tokenizer t = Toy.words(folder, 50);
        return DataSource.of(data, "next-token", Toy.context(Family.DECODER, t, batch, context));
    }

    private Map<String, Object> data(Path file, Object... more) {
        Map<String, Object> all = new HashMap<>();
        all.put("text", file.toString());
        for (int i = 0; i < more.length; i += 2) {
            all.put((String) more[i], more[i + 1]);
        }
        return all;
    }

    private static int[] ids(int... words) {
        return IntStream.of(words).map(w -> w < 0 ? END : WORDS + w).toArray();
    }

    @Test
    void documentsAreJoinedAndCutAndEachTokenIsPredictedOnce() {
        Path f = Toy.write(folder.resolve("a.txt"), "w0 w1\nw2\n<|endoftext|>\nw3 w4\n<|endoftext|>\n");
        // The stream: w0 w1 w2 end w3 w4 end.
        Batches b = open(1, 4, data(f, "order", "sequential"));
        assertThat(b.size()).isEqualTo(2);
        Example first = b.batch(1).getFirst();
        assertThat(input(first, "tokens")).isEqualTo(ids(0, 1, 2, -1));
        assertThat(labels(first)).isEqualTo(ids(1, 2, -1, 3));
        Example second = b.batch(2).getFirst();
        assertThat(input(second, "tokens")).isEqualTo(ids(3, 4));
        assertThat(labels(second)).isEqualTo(ids(4, -1));
        assertThat(input(b.batch(3).getFirst(), "tokens")).isEqualTo(ids(0, 1, 2, -1));
    }

    @Test
    void documentsForThemselvesDoNotSeeEachOther() {
        Path f = Toy.write(folder.resolve("a.txt"), "w0 w1\nw2\n\nw3 w4 w5\n\n\nw6");
        Batches b = open(
                1, 3, data(f, "order", "sequential", "documents", "blank-lines", "window", "separate", "end", false));
        assertThat(b.size()).isEqualTo(2); // w6 alone predicts nothing
        assertThat(input(b.batch(2).getFirst(), "tokens")).isEqualTo(ids(3, 4));
        assertThat(labels(b.batch(2).getFirst())).isEqualTo(ids(4, 5));
    }

    @Test
    void aSentenceALine() {
        Path f = Toy.write(folder.resolve("a.txt"), "w0 w1\r\n\nw2 w3 w4\n");
        Batches b = open(2, 12, data(f, "order", "sequential", "lines", true, "end", true));
        List<Example> step = b.batch(1);
        assertThat(input(step.get(0), "tokens")).isEqualTo(ids(0, 1));
        assertThat(labels(step.get(0))).isEqualTo(ids(1, -1));
        assertThat(labels(step.get(1))).isEqualTo(ids(3, 4, -1));
    }

    @Test
    void randomWindowsAreThoseOfTheSeedAndCoverTheText() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            text.append("w").append(i).append(' ');
        }
        Path f = Toy.write(folder.resolve("a.txt"), text.toString());
        Batches b = open(8, 5, data(f, "documents", "file", "window", "random"));
        boolean[] started = new boolean[50];
        for (int s = 1; s <= 100; s++) {
            for (Example e : b.batch(s)) {
                int from = input(e, "tokens")[0] - WORDS;
                started[from] = true;
                assertThat(input(e, "tokens"))
                        .isEqualTo(IntStream.range(from, from + 5)
                                .map(w -> WORDS + w)
                                .toArray());
                assertThat(labels(e))
                        .isEqualTo(IntStream.range(from + 1, from + 6)
                                .map(w -> WORDS + w)
                                .toArray());
            }
        }
        // As torch.randint(50 - 5): 0 to 44.
        for (int i = 0; i < 50; i++) {
            assertThat(started[i]).as("start %d", i).isEqualTo(i < 45);
        }
        assertThat(b.epochs(10)).isEqualTo(8.0); // 80 windows of 5 over 50 tokens (10 windows)
        Batches again = open(8, 5, data(f, "documents", "file", "window", "random"));
        assertThat(input(again.batch(77).get(3), "tokens"))
                .isEqualTo(input(b.batch(77).get(3), "tokens"));
    }

    @Test
    void aPartOfTheCharacters() {
        Path f = Toy.write(folder.resolve("a.txt"), "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 "); // 30 characters
        Batches b = open(1, 20, data(f, "documents", "file", "part", List.of(0, 0.9)));
        assertThat(labels(b.batch(1).getFirst())).isEqualTo(ids(1, 2, 3, 4, 5, 6, 7, 8));
        Batches rest = open(1, 20, data(f, "documents", "file", "part", List.of(0.8, 1)));
        assertThat(labels(rest.batch(1).getFirst())).isEqualTo(ids(9));
    }

    /** The section need not name the file again, and what is measured is measured whole. */
    @Test
    void theOtherPartIsHeldOut() {
        Path f = Toy.write(folder.resolve("a.txt"), "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 ");
        Map<String, Object> data = data(
                f,
                "documents",
                "file",
                "window",
                "random",
                "part",
                List.of(0, 0.5),
                "valid",
                Map.of("part", List.of(0.5, 1)));
        Batches b = DataSource.valid(data, "next-token", Toy.context(Family.DECODER, Toy.words(folder, 50), 2, 2))
                .orElseThrow();
        assertThat(b.stepsPerEpoch()).isEqualTo(1);
        assertThat(labels(b.batch(1).get(0))).isEqualTo(ids(6, 7));
        assertThat(labels(b.batch(1).get(1))).isEqualTo(ids(8, 9));
        assertThat(labels(b.batch(9).get(1))).isEqualTo(ids(8, 9));
        assertThat(DataSource.valid(data(f), "next-token", Toy.context(Family.DECODER, Toy.words(folder, 50), 2, 2)))
                .isEmpty();
    }

    @Test
    void packedFilesAndJsonLines() throws IOException {
        Path f = folder.resolve("a.jsonl.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(f))) {
            out.write("""
                    {"text": "w0 w1"}
                    {"text": 17, "x": [1]}
                    {"txt": "w2"}
                    [1]
                    {"text": "w3
                    {"text": "w4 w5"}
                    """.getBytes(StandardCharsets.UTF_8));
        }
        Batches b = open(1, 20, data(f, "order", "sequential"));
        assertThat(input(b.batch(1).getFirst(), "tokens"))
                .isEqualTo(new int[] {WORDS, WORDS + 1, END, Toy.UNKNOWN, END, WORDS + 4, WORDS + 5});
        assertThat(b.complaints()).hasSize(3);
        assertThat(b.complaints().get(0)).isEqualTo(f + ", line 3: has no text under text; left out");
        assertThat(b.complaints().get(1)).contains("line 4: is no JSON object");
        assertThat(b.complaints().get(2)).contains("line 5: is not JSON");
    }

    /** A column of a table, if one is asked for; else the same file is text. */
    @Test
    void rowsOfATableAreDocuments() throws IOException {
        Path f = folder.resolve("a.tsv");
        Files.writeString(f, "1\tw0 w1\n0\n1\tw2\n");
        Batches b = open(1, 20, data(f, "order", "sequential", "field", "2"));
        assertThat(input(b.batch(1).getFirst(), "tokens")).isEqualTo(new int[] {WORDS, WORDS + 1, END, WORDS + 2});
        assertThat(b.complaints()).containsExactly(f + ", line 2: has 1 columns, column 2 is wanted; left out");
        Batches text = open(1, 20, data(f, "order", "sequential", "documents", "file"));
        assertThat(input(text.batch(1).getFirst(), "tokens"))
                .isEqualTo(new int[] {Toy.UNKNOWN, WORDS, WORDS + 1, Toy.UNKNOWN, Toy.UNKNOWN});
    }

    @Test
    void brokenLinesAreCountedAndNamed() throws IOException {
        Path f = folder.resolve("a.txt");
        byte[] bytes = "w0 w1\nw2 X\nw3\n".repeat(10).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = bytes[i] == 'X' ? (byte) 0xC3 : bytes[i];
        }
        bytes[2] = 0;
        Files.write(f, bytes);
        Batches b = open(1, 100, data(f, "lines", true));
        assertThat(b.size()).isEqualTo(19);
        assertThat(b.complaints()).hasSize(6);
        assertThat(b.complaints().get(0)).isEqualTo(f + ", line 1: holds a zero byte, so it is no text; left out");
        assertThat(b.complaints().get(1)).isEqualTo(f + ", line 2: is not UTF-8; left out");
        assertThat(b.complaints().get(5)).isEqualTo("and 6 more, 11 in all");
    }

    @Test
    void whatCannotBeReadIsRefused() throws IOException {
        Path empty = Toy.write(folder.resolve("empty.txt"), "\n\n");
        bad(data(empty), "empty.txt: holds no text to learn from");
        bad(data(folder.resolve("none.txt")), "none.txt: no such file");
        bad(data(folder), "is a directory");
        Path broken = folder.resolve("a.txt.gz");
        Files.write(broken, new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3});
        bad(data(broken), "a.txt.gz: cannot be read");
        Path bomb = folder.resolve("bomb.txt.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(bomb))) {
            byte[] zeros = new byte[1 << 20];
            Arrays.fill(zeros, (byte) 'a');
            for (int i = 0; i < 100; i++) {
                out.write(zeros);
            }
        }
        bad(data(bomb), "unpacks to more than 200 times its size");
        Path good = Toy.write(folder.resolve("a.txt"), "w0 w1 w2");
        bad(data(good, "sha256", "00"), "a.txt: has SHA-256");
        bad(data(good, "window", "random"), "a window 20");
        usage(data(good, "windw", "random"), "windw is not known here; did you mean window?");
        usage(data(good, "part", List.of(0.9, 0.1)), "data.part is [0.9, 0.1]");
        usage(data(good, "part", List.of(0, 2)), "data.part is 2; it must be a number from 0 to 1");
        usage(data(good, "begin", true, "context", 3), "context is not known");
    }

    private void bad(Map<String, Object> data, String message) {
        assertThatThrownBy(() -> open(1, 20, data))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    private void usage(Map<String, Object> data, String message) {
        assertThatThrownBy(() -> open(1, 20, data))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    @Test
    void manyTokensGoToAFile() {
        List<int[]> added = new ArrayList<>();
        TokenStore made;
        try (TokenStore.Builder b = new TokenStore.Builder()) {
            for (int i = 0; i < 12; i++) {
                int from = i;
                int[] x = IntStream.range(0, 1_000_003).map(k -> k * 31 + from).toArray();
                added.add(x);
                b.add(x);
            }
            made = b.build();
        }
        try (TokenStore s = made) { // the file has no name any more
            assertThat(s.size()).isEqualTo(12_000_036L);
            for (int i = 0; i < 12; i++) {
                assertThat(Arrays.equals(s.sequence(i), added.get(i)))
                        .as("sequence %d", i)
                        .isTrue();
            }
            assertThat(s.copy(1_000_002, 2)).containsExactly(added.get(0)[1_000_002], added.get(1)[0]);
        }
    }
}
