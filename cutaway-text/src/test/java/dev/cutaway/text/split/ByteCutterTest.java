package dev.cutaway.text.split;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.text.AwkwardText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cutting bytes equals cutting the string by the regular expression. */
class ByteCutterTest {
    @ParameterizedTest
    @EnumSource
    void equalsThePattern(KnownPattern known) {
        Regex regex = Regex.of(known.describe(), "test");
        IntPredicate numbers = c -> CharClass.of(c) == CharClass.NUMBER;
        Regex number = Regex.of("\\p{N}", "test");
        long seed = 7;
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            String text =
                    new String(AwkwardText.of(random, 12).getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            assertThat(bytes(ByteCutter.of(known), text))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(strings(text, regex));
            assertThat(bytes(ByteCutter.of(known, numbers), text))
                    .as("numbers apart, seed %d, round %d", seed, round)
                    .isEqualTo(strings(text, number, regex));
            assertThat(bytes(ByteCutter.of(known, UnicodeDifferences::isNumeric), text))
                    .as("digits apart, seed %d, round %d", seed, round)
                    .isEqualTo(strings(text, CharMatcher.NUMERIC, regex));
        }
    }

    private static List<String> bytes(ByteCutter cutter, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        List<String> out = new ArrayList<>();
        for (int at = 0; at < utf8.length; ) {
            int end = cutter.end(utf8, at, utf8.length);
            out.add(new String(utf8, at, end - at, StandardCharsets.UTF_8));
            at = end;
        }
        return out;
    }

    private static List<String> strings(String text, Matcher... steps) {
        List<String> now = List.of(text);
        for (Matcher step : steps) {
            List<String> next = new ArrayList<>();
            for (String piece : now) {
                Matches matches = new Matches(0);
                step.find(piece, 0, piece.length(), matches);
                matches.gapTo(piece.length());
                matches.forEach((from, to, matched) -> next.add(piece.substring(from, to)));
            }
            now = next;
        }
        return now;
    }
}
