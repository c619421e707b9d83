package dev.cutaway.text;

import java.util.Random;

/** Random text of what tokenizers find hard. */
public final class AwkwardText {
    private static final String[] PARTS = {
        " ",
        "  ",
        "      ",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "\u00A0",
        "\u3000",
        "\u2028",
        "\u0085",
        "'",
        "'s",
        "'LL",
        "'\u017F",
        "'re",
        "'V",
        "a",
        "B",
        "the",
        " quick",
        " brown",
        "fox",
        "\u00E9",
        "e\u0301",
        "\u4E2D\u6587",
        "\u0E44\u0E17\u0E22",
        "\u0627\u0644",
        "\uD55C",
        "1",
        "22",
        "333",
        "4444",
        "\u0661",
        "\u00BD",
        "\u2167",
        "\uD835\uDFCE",
        "\uD819\uDDF4",
        ".",
        ",",
        "!?",
        "-",
        "_",
        "$",
        "\u2019",
        "\uD83D\uDE00",
        "\uD83D\uDC69\u200D\uD83D\uDCBB",
        "\uD835\uDC00",
        "\u200D",
        "\u0000",
        "\u0004",
        "\uFFFD",
        "\u0130",
        "/",
        "<|end|>",
        "<|",
        "|>",
        "\uDBFF\uDFFF",
        "\uD800",
        "\uDC00",
        "internationalisation",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "==============================="
    };

    private AwkwardText() {}

    /** Up to {@code parts} parts in a row. */
    public static String of(Random random, int parts) {
        StringBuilder text = new StringBuilder();
        int n = 1 + random.nextInt(parts);
        for (int i = 0; i < n; i++) {
            String part = PARTS[random.nextInt(PARTS.length)];
            text.repeat(part, random.nextInt(12) == 0 ? 1 + random.nextInt(40) : 1);
        }
        return text.toString();
    }
}
