package dev.cutaway.model.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The scaling of rotary frequencies that came with Llama 3.1: slow frequencies are divided by a factor, fast ones are kept,
 * those between are blended. config.json keeps the four numbers of the rule; GGUF keeps its result, a divisor for each
 * frequency, which this class computes and, the other way round, recognises.
 */
final class Llama3Rope {
    private Llama3Rope() {}

    /**
     * A divisor for each pair of a head.
     *
     * @param theta base of the rotary frequencies
     * @param size numbers of a head that are rotated
     * @param context length of the context before scaling, in tokens
     */
    static float[] divisors(double theta, int size, double factor, double low, double high, double context) {
        float[] divisors = new float[size / 2];
        for (int i = 0; i < divisors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / size);
            if (wavelength < context / high) {
                divisors[i] = 1;
            } else if (wavelength > context / low) {
                divisors[i] = (float) factor;
            } else {
                double smooth = (context / wavelength - low) / (high - low);
                divisors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
            }
        }
        return divisors;
    }

    /**
     * The rule that gives these divisors; or, where there is none, the divisors themselves in the form in which config.json
     * can hold them, {@code longrope} with the same factors for short and long contexts.
     *
     * <p>Between the ends the divisor d means {@code (1/d - 1/factor) / (1 - 1/factor) = (context / wavelength - low) / (high -
     * low)}. With low = 1, as in all known models, two such frequencies give high and context, which are then tried.
     *
     * @param context the model's context, for the second form
     */
    static Map<String, Object> recover(List<Double> divisors, double theta, int size, int context) {
        double factor = divisors.stream().mapToDouble(d -> d).max().orElse(1);
        List<double[]> tried = new ArrayList<>(); // high, context
        for (double original : List.of(8192.0, 4096.0, 2048.0, 16384.0, 32768.0)) {
            tried.add(new double[] {4, original});
        }
        solve(divisors, theta, size, factor).ifPresent(tried::addFirst);
        if (divisors.size() != size / 2) {
            tried.clear(); // another part of the head is turned
        }
        for (double[] numbers : tried) {
            if (same(divisors, divisors(theta, size, factor, 1, numbers[0], numbers[1]))) {
                Map<String, Object> rule = new LinkedHashMap<>();
                rule.put("rope_type", "llama3");
                rule.put("factor", factor);
                rule.put("low_freq_factor", 1.0);
                rule.put("high_freq_factor", numbers[0]);
                rule.put("original_max_position_embeddings", (int) numbers[1]);
                return rule;
            }
        }
        Map<String, Object> plain = new LinkedHashMap<>();
        plain.put("rope_type", "longrope");
        plain.put("short_factor", List.copyOf(divisors));
        plain.put("long_factor", List.copyOf(divisors));
        plain.put("attention_factor", 1.0);
        plain.put("original_max_position_embeddings", context);
        return plain;
    }

    private static boolean same(List<Double> divisors, float[] expected) {
        boolean same = expected.length == divisors.size();
        for (int i = 0; same && i < expected.length; i++) {
            same = Math.abs(expected[i] - divisors.get(i)) <= 1e-4 * expected[i];
        }
        return same;
    }

    private static Optional<double[]> solve(List<Double> divisors, double theta, int size, double factor) {
        List<double[]> blended = new ArrayList<>(); // 1 / wavelength, smooth
        for (int i = 0; i < divisors.size(); i++) {
            double d = divisors.get(i);
            if (d > 1 + 1e-6 && d < factor * (1 - 1e-6)) {
                double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / size);
                blended.add(new double[] {1 / wavelength, (1 / d - 1 / factor) / (1 - 1 / factor)});
            }
        }
        if (blended.size() < 2) {
            return Optional.empty();
        }
        double[] a = blended.getFirst();
        double[] b = blended.getLast();
        double slope = (a[1] - b[1]) / (a[0] - b[0]); // context / (high - 1)
        double below = slope * a[0] - a[1]; // 1 / (high - 1)
        double high = Math.rint((1 + 1 / below) * 1000) / 1000;
        return Optional.of(new double[] {high, Math.rint(slope * (high - 1))});
    }
}
