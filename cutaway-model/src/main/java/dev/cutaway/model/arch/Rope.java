package dev.cutaway.model.arch;

import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.model.Config;
import java.util.Arrays;
import java.util.Optional;

/**
 * Rotary frequencies with their scalings, as transformers' {@code modeling_rope_utils} defines them: none, linear, dynamic NTK,
 * llama3, YaRN (arXiv 2309.00071) and LongRoPE (arXiv 2402.13753).
 */
public final class Rope implements RopeFrequencies {
    private final double[] near;
    private final double[] far;
    private final int switchAfter;
    private final double factor;
    private final double base;
    private final double dynamicFactor;
    private final int original;
    private final String words;

    private Rope(
            double[] near,
            double[] far,
            int switchAfter,
            double factor,
            double base,
            double dynamic,
            int original,
            String words) {
        this.near = near;
        this.far = far;
        this.switchAfter = switchAfter;
        this.factor = factor;
        this.base = base;
        this.dynamicFactor = dynamic;
        this.original = original;
        this.words = words;
    }

    /** Frequencies of a configuration's only rotation. */
    public static Rope of(Config c, int headSize, double theta, double partial) {
        Optional<Config> scaling = c.inner("rope_parameters").or(() -> c.inner("rope_scaling"));
        return of(c, scaling, headSize, theta, partial);
    }

    /** Frequencies with a given scaling ({@code rope_parameters} or {@code rope_scaling}). */
    public static Rope of(Config c, Optional<Config> scaling, int headSize, double theta, double partial) {
        double base = scaling.map(s -> s.real("rope_theta", theta)).orElse(theta);
        double share =
                scaling.map(s -> s.real("partial_rotary_factor", partial)).orElse(partial);
        int dim = (int) (headSize * share);
        if (dim < 2 || base <= 0) {
            throw c.bad(
                    "rope_theta",
                    "and partial_rotary_factor leave nothing to rotate (" + dim + " of " + headSize + ")");
        }
        double[] plain = plain(base, dim);
        String type =
                scaling.map(s -> s.text("rope_type", s.text("type", "default"))).orElse("default");
        String words = "base " + base + (type.equals("default") ? "" : ", " + type);
        int context = c.positive("max_position_embeddings", 2048);
        return switch (type) {
            case "default", "mrope" -> fixed(plain, 1, words);
            case "linear" -> fixed(divided(plain, positive(scaling.get(), "factor")), 1, words);
            case "dynamic" -> new Rope(plain, plain, 0, 1, base, positive(scaling.get(), "factor"), context, words);
            case "llama3" -> fixed(llama3(plain, scaling.get()), 1, words);
            case "yarn" -> yarn(c, scaling.get(), base, dim, words, context);
            case "longrope", "su" -> longrope(c, scaling.get(), plain, words, context);
            default ->
                throw c.bad(
                        "rope_scaling",
                        "is of type \"" + type
                                + "\", which is not known; known are linear, dynamic, llama3, yarn and longrope");
        };
    }

    private static Rope fixed(double[] f, double factor, String words) {
        return new Rope(f, f, 0, factor, 0, 0, 0, words);
    }

    private static double positive(Config s, String key) {
        double x = s.real(key);
        if (!(x > 0)) {
            throw s.bad(key, "is " + x + "; it must be greater than 0");
        }
        return x;
    }

    private static double[] plain(double base, int dim) {
        double[] f = new double[(dim + 1) / 2];
        for (int i = 0; i < f.length; i++) {
            f[i] = 1 / Math.pow(base, 2.0 * i / dim);
        }
        return f;
    }

    private static double[] divided(double[] f, double by) {
        return Arrays.stream(f).map(x -> x / by).toArray();
    }

    private static double[] llama3(double[] plain, Config s) {
        double factor = positive(s, "factor");
        double low = positive(s, "low_freq_factor");
        double high = positive(s, "high_freq_factor");
        double old = positive(s, "original_max_position_embeddings");
        double[] f = plain.clone();
        for (int i = 0; i < f.length; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            if (wavelength > old / low) {
                f[i] = plain[i] / factor;
            } else if (wavelength >= old / high) {
                double smooth = (old / wavelength - low) / (high - low);
                f[i] = (1 - smooth) * plain[i] / factor + smooth * plain[i];
            }
        }
        return f;
    }

    private static Rope yarn(Config c, Config s, double base, int dim, String words, int context) {
        int old =
                s.positive("original_max_position_embeddings", c.positive("original_max_position_embeddings", context));
        double factor = s.has("factor") ? positive(s, "factor") : (double) context / old;
        double attention;
        if (s.has("attention_factor")) {
            attention = s.real("attention_factor");
        } else if (s.real("mscale", 0) != 0 && s.real("mscale_all_dim", 0) != 0) {
            attention = mscale(factor, s.real("mscale")) / mscale(factor, s.real("mscale_all_dim"));
        } else {
            attention = mscale(factor, 1);
        }
        double low = correction(or(s, "beta_fast", 32), dim, base, old);
        double high = correction(or(s, "beta_slow", 1), dim, base, old);
        if (s.flag("truncate", true)) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, dim - 1);
        if (low == high) {
            high += 0.001;
        }
        double[] f = plain(base, dim);
        for (int i = 0; i < f.length; i++) {
            double ramp = Math.clamp((i - low) / (high - low), 0, 1);
            f[i] = f[i] / factor * ramp + f[i] * (1 - ramp);
        }
        return fixed(f, attention, words);
    }

    private static double or(Config s, String key, double otherwise) {
        double x = s.real(key, otherwise);
        return x == 0 ? otherwise : x;
    }

    private static double mscale(double scale, double m) {
        return scale <= 1 ? 1 : 0.1 * m * Math.log(scale) + 1;
    }

    private static double correction(double rotations, int dim, double base, int context) {
        return dim * Math.log(context / (rotations * 2 * Math.PI)) / (2 * Math.log(base));
    }

    private static Rope longrope(Config c, Config s, double[] plain, String words, int context) {
        int old =
                s.positive("original_max_position_embeddings", c.positive("original_max_position_embeddings", context));
        double factor = c.has("original_max_position_embeddings") || !s.has("factor")
                ? (double) context / old
                : positive(s, "factor");
        double attention = s.has("attention_factor")
                ? s.real("attention_factor")
                : factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(old));
        double[] near = scaledEach(plain, s, "short_factor");
        double[] far = scaledEach(plain, s, "long_factor");
        return new Rope(near, far, old, attention, 0, 0, 0, words);
    }

    private static double[] scaledEach(double[] plain, Config s, String key) {
        double[] by = s.reals(key);
        if (by.length != plain.length) {
            throw s.bad(key, "has " + by.length + " factors; it must have one for each of " + plain.length + " pairs");
        }
        double[] f = new double[by.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = plain[i] / by[i];
        }
        return f;
    }

    @Override
    public int pairs() {
        return near.length;
    }

    @Override
    public double[] frequencies(int length) {
        if (dynamicFactor > 0 && length > original) {
            int dim = 2 * near.length;
            double grown = base * Math.pow(dynamicFactor * length / original - (dynamicFactor - 1), dim / (dim - 2.0));
            return plain(grown, dim);
        }
        return switchAfter > 0 && length > switchAfter ? far : near;
    }

    @Override
    public double factor(int length) {
        return factor;
    }

    @Override
    public boolean changes(int from, int to) {
        return (switchAfter > 0 && from <= switchAfter && to > switchAfter) || (dynamicFactor > 0 && to > original);
    }

    @Override
    public String words() {
        return words;
    }
}
