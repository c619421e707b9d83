package dev.cutaway.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * How much translations have in common with those of people: BLEU over a whole corpus (Papineni et al., ACL 2002, P02-1040), the
 * geometric mean of the precisions of 1 to 4 words, times a penalty for being short. Texts are cut as mteval-v13a does and a precision of
 * 0 is smoothed exponentially (Chen and Cherry, W14-3346, method 3), so the number is what sacrebleu gives by default (Post, arXiv
 * 1804.08771; {@code nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp}) and can be compared with published ones.
 *
 * <p>Not for two threads at once.
 */
public final class Bleu {
    /** Words of the longest pieces that are compared. */
    public static final int ORDER = 4;

    // mteval-v13a's rules, in their order: punctuation alone, periods and commas unless between digits, dashes behind
    // digits.
    private static final Pattern PUNCTUATION = Pattern.compile("([{-~\\[-` -\\&\\(-\\+:-@/])");
    private static final Pattern POINT_BEHIND = Pattern.compile("([^0-9])([.,])");
    private static final Pattern POINT_BEFORE = Pattern.compile("([.,])([^0-9])");
    private static final Pattern DASH = Pattern.compile("([0-9])(-)");
    /** What Python's str.split takes for white space. */
    private static final Pattern SPACE =
            Pattern.compile("[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+");

    private final long[] correct = new long[ORDER];
    private final long[] total = new long[ORDER];
    private long length;
    private long referenceLength;
    private long sentences;

    /** No sentences yet. */
    public Bleu() {}

    /**
     * The measure of all sentences.
     *
     * @param bleu 0 to 100
     * @param precisions of pieces of 1 to 4 words, 0 to 100, as they go into the mean (smoothed)
     * @param brevityPenalty 1 unless the translations are shorter than the references
     * @param length words of the translations
     * @param referenceLength words of the references, of several the one that is nearest in length
     * @param sentences how many there were
     */
    public record Score(
            double bleu,
            List<Double> precisions,
            double brevityPenalty,
            long length,
            long referenceLength,
            long sentences) {
        public Score {
            precisions = List.copyOf(precisions);
        }
    }

    /**
     * Counts a sentence.
     *
     * @param references translations by people, at least one
     */
    public void add(String translation, List<String> references) {
        if (references.isEmpty()) {
            throw new IllegalArgumentException("a translation needs a reference that it is compared with");
        }
        List<String> own = words(translation);
        Map<List<String>, Integer> most = new HashMap<>();
        int nearest = -1;
        for (String reference : references) {
            List<String> words = words(reference);
            pieces(words).forEach((piece, n) -> most.merge(piece, n, Math::max));
            int distance = Math.abs(words.size() - own.size());
            int best = Math.abs(nearest - own.size());
            if (nearest < 0 || distance < best || distance == best && words.size() < nearest) {
                nearest = words.size();
            }
        }
        pieces(own).forEach((piece, n) -> {
            total[piece.size() - 1] += n;
            correct[piece.size() - 1] += Math.min(n, most.getOrDefault(piece, 0));
        });
        length += own.size();
        referenceLength += nearest;
        sentences++;
    }

    private static Map<List<String>, Integer> pieces(List<String> words) {
        Map<List<String>, Integer> all = new HashMap<>();
        for (int n = 1; n <= ORDER; n++) {
            for (int i = 0; i + n <= words.size(); i++) {
                all.merge(words.subList(i, i + n), 1, Integer::sum);
            }
        }
        return all;
    }

    /** The words of a text as mteval-v13a cuts it. */
    public static List<String> words(String text) {
        String line = rightStripped(text)
                .replace("<skipped>", "")
                .replace("-\n", "")
                .replace("\n", " ")
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
                .replace("&lt;", "<")
                .replace("&gt;", ">");
        line = PUNCTUATION.matcher(" " + line + " ").replaceAll(" $1 ");
        line = POINT_BEHIND.matcher(line).replaceAll("$1 $2 ");
        line = POINT_BEFORE.matcher(line).replaceAll(" $1 $2");
        line = DASH.matcher(line).replaceAll("$1 $2 ");
        List<String> words = new ArrayList<>(Arrays.asList(SPACE.split(line, 0)));
        words.removeIf(String::isEmpty);
        return words;
    }

    private static String rightStripped(String text) {
        int end = text.length();
        while (end > 0 && SPACE.matcher(text.substring(end - 1, end)).matches()) {
            end--;
        }
        return text.substring(0, end);
    }

    /** BLEU of what was counted so far; 0 if nothing agrees. */
    public Score score() {
        double penalty =
                length >= referenceLength ? 1 : length == 0 ? 0 : Math.exp(1 - (double) referenceLength / length);
        double[] precisions = new double[ORDER];
        if (Arrays.stream(correct).sum() == 0) {
            return score(0, precisions, penalty);
        }
        double smooth = 1;
        double logs = 0;
        for (int n = 0; n < ORDER; n++) {
            if (total[n] == 0) {
                return score(0, precisions, penalty); // no sentence has so many words
            }
            if (correct[n] == 0) {
                smooth *= 2;
            }
            precisions[n] = 100 * (correct[n] == 0 ? 1 / smooth : correct[n]) / total[n];
            logs += Math.log(precisions[n]);
        }
        return score(penalty * Math.exp(logs / ORDER), precisions, penalty);
    }

    private Score score(double bleu, double[] precisions, double penalty) {
        return new Score(bleu, Arrays.stream(precisions).boxed().toList(), penalty, length, referenceLength, sentences);
    }
}
