package dev.cutaway.model.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
     * The rule that gives these divisors, with the numbers that Llama 3.1 and 3.2 have; or, where another rule was used,
     * {@code rope_type: freq_factors} with the divisors themselves.
     */
    static Map<String, Object> recover(List<Double> divisors, double theta, int size) {
        double factor = divisors.stream().mapToDouble(d -> d).max().orElse(1);
        for (int context : List.of(8192, 4096, 2048, 16384, 32768)) {
            float[] expected = divisors(theta, size, factor, 1, 4, context);
            boolean same = expected.length == divisors.size();
            for (int i = 0; same && i < expected.length; i++) {
                same = Math.abs(expected[i] - divisors.get(i)) <= 1e-4 * expected[i];
            }
            if (same) {
                Map<String, Object> rule = new LinkedHashMap<>();
                rule.put("rope_type", "llama3");
                rule.put("factor", factor);
                rule.put("low_freq_factor", 1.0);
                rule.put("high_freq_factor", 4.0);
                rule.put("original_max_position_embeddings", context);
                return rule;
            }
        }
        Map<String, Object> plain = new LinkedHashMap<>();
        plain.put("rope_type", "freq_factors");
        plain.put("freq_factors", new ArrayList<>(divisors));
        return plain;
    }
}
