package dev.cutaway.text.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A hand-written matcher equals the regular expression that it stands for. */
class KnownPatternTest {
    private static final String[] PARTS = {
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "\u00A0",
        "\u3000",
        "'",
        "'s",
        "'LL",
        "'\u017F",
        "'re",
        "'V",
        "a",
        "B",
        "\u00E9",
        "\u4E2D",
        "e\u0301",
        "1",
        "22",
        "333",
        "\u0661",
        "\u00BD",
        "\u2167",
        ".",
        ",",
        "!?",
        "-",
        "_",
        "$",
        "\u2019",
        "\uD83D\uDE00",
        "\uD835\uDC00",
        "\uD835\uDFCE",
        "\u200D",
        "\u0000",
        "\u0085",
        "\uFFFD",
        "\u0130",
        "/"
    };

    @ParameterizedTest
    @EnumSource
    void equalsItsPattern(KnownPattern known) {
        long seed = 42;
        Random random = new Random(seed);
        Regex regex = Regex.of(known.describe(), "test");
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            int n = 1 + random.nextInt(12);
            for (int i = 0; i < n; i++) {
                text.append(PARTS[random.nextInt(PARTS.length)]);
            }
            String s = text.toString();
            assertThat(stretches(known, s)).as("seed %d, round %d", seed, round).isEqualTo(stretches(regex, s));
        }
    }

    private static String stretches(Matcher matcher, String text) {
        Matches matches = new Matches(0);
        matcher.find(text, 0, text.length(), matches);
        matches.gapTo(text.length());
        StringBuilder out = new StringBuilder();
        matches.forEach((from, to, matched) ->
                out.append(matched ? "[" : "(").append(text, from, to).append('|'));
        return out.toString();
    }
}
