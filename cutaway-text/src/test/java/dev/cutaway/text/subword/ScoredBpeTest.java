package dev.cutaway.text.subword;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Merging word by word equals merging the whole text, whatever pieces there are. */
class ScoredBpeTest {
    private static final String LETTERS = "\u2581\u2581abc\u4E2D";

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void wordByWordEqualsTheWhole(boolean marksInside) {
        for (int round = 0; round < 60; round++) {
            long seed = 100L + round;
            Random random = new Random(seed);
            List<String> pieces = new ArrayList<>(List.of("<unk>", "\u2581", "a", "b", "c"));
            for (int b = 0; b < 256 && round % 3 == 0; b++) {
                pieces.add(String.format("<0x%02X>", b));
            }
            while (pieces.size() < 400) {
                String piece = pieces.get(1 + random.nextInt(4)) + pieces.get(1 + random.nextInt(pieces.size() - 1));
                if (marksInside || piece.lastIndexOf('\u2581') < 1 || piece.startsWith("\u2581\u2581")) {
                    pieces.add(marksInside ? piece : piece.replaceAll("(?<=[^\u2581])\u2581", ""));
                }
            }
            float[] scores = new float[pieces.size()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = random.nextInt(40) - 20;
            }
            PieceTable table = PieceTable.of(pieces);
            BitSet notInText = new BitSet();
            notInText.set(0);
            ScoredBpe model = new ScoredBpe(
                    table,
                    table.without(notInText),
                    scores,
                    new Trie(),
                    new BitSet(),
                    new ScoredBpe.Options(0, round % 3 == 0, round % 2 == 0));
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 3000; i++) {
                text.append(
                        random.nextInt(30) == 0 ? "\uD83D\uDE00" : LETTERS.charAt(random.nextInt(LETTERS.length())));
            }
            String s = text.toString();
            for (int again = 0; again < 2; again++) {
                Tokens fast = new Tokens();
                model.encode(s, 0, s.length(), fast);
                Tokens slow = new Tokens();
                int unknown = model.part(s, 0, s.length(), -1, slow);
                if (unknown >= 0) {
                    slow.add(0, unknown, s.length());
                }
                assertThat(shown(fast)).as("seed %d", seed).isEqualTo(shown(slow));
            }
        }
    }

    private static List<String> shown(Tokens tokens) {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < tokens.count(); i++) {
            out.add(tokens.id(i) + "[" + tokens.from(i) + "," + tokens.to(i) + ")" + tokens.part(i));
        }
        return out;
    }
}
