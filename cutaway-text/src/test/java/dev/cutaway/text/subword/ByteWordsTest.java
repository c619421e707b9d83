package dev.cutaway.text.subword;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Words of bytes equal the same words spelled in letters, whatever is remembered or forgotten between. */
class ByteWordsTest {
    private static final int SYMBOLS = 6; // a to f

    /** A vocabulary of 600 random merges over six letters. */
    private static Bpe model(Random random, boolean ignoreMerges) {
        List<String> pieces = new ArrayList<>();
        for (int i = 0; i < SYMBOLS; i++) {
            pieces.add(String.valueOf((char) ('a' + i)));
        }
        MergeTable merges = new MergeTable(600);
        for (int rank = 0; rank < 600; rank++) {
            int left = random.nextInt(pieces.size());
            int right = random.nextInt(pieces.size());
            String both = pieces.get(left) + pieces.get(right);
            int merged = pieces.indexOf(both);
            if (merged < 0) {
                merged = pieces.size();
                pieces.add(both);
            }
            merges.put(left, right, rank, merged, false);
        }
        return new Bpe(PieceTable.of(pieces), merges, new Bpe.Options(-1, false, false, ignoreMerges, "", ""));
    }

    @Test
    void equalsTheLongWay() {
        for (int round = 0; round < 2; round++) {
            long seed = 11L + round;
            Random random = new Random(seed);
            Bpe model = model(random, round == 1);
            ByteWords words = model.byteWords().orElseThrow();
            List<String> known = new ArrayList<>();
            for (int i = 0; i < 150_000; i++) { // many more than are remembered
                String word = known.size() > 100 && random.nextInt(3) == 0
                        ? known.get(random.nextInt(known.size()))
                        : word(random, 1 + random.nextInt(random.nextInt(20) == 0 ? 150 : 20));
                known.add(word);
                byte[] utf8 = ("a" + word).getBytes(StandardCharsets.UTF_8);
                words.begin(4);
                words.word(utf8, 1, utf8.length);
                Tokens expected = new Tokens();
                model.encode(word, 0, word.length(), expected);
                int[] ids = new int[expected.count()];
                for (int k = 0; k < ids.length; k++) {
                    ids[k] = expected.id(k);
                }
                assertThat(words.end())
                        .as("seed %d, word %d: %s", seed, i, word)
                        .isEqualTo(ids);
                assertThat(words.unspelled()).isFalse();
            }
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append((char) ('a' + random.nextInt(SYMBOLS)));
        }
        return word.toString();
    }

    @Test
    void saysThatAByteHasNoPiece() {
        ByteWords words = model(new Random(1), false).byteWords().orElseThrow();
        for (String text : List.of("x", "ax", "aaaaaaaaaaaaaaaaaaaaax", "a".repeat(200) + "x")) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            for (int again = 0; again < 2; again++) {
                words.begin(4);
                words.word(utf8, 0, utf8.length);
                assertThat(words.unspelled()).as(text).isTrue();
            }
        }
        words.begin(4);
        words.word("ab".getBytes(StandardCharsets.UTF_8), 0, 2);
        assertThat(words.unspelled()).isFalse();
    }
}
