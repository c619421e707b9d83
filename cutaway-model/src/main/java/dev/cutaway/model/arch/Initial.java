package dev.cutaway.model.arch;

import dev.cutaway.model.Config;

/**
 * How a weight begins where no checkpoint gives it: each number from a normal distribution, as transformers does it for the architecture.
 *
 * @param mean of the distribution
 * @param deviation of the distribution; 0 for a constant
 * @param zeroRow a row that begins as zeros (the padding token's); -1 for none
 */
public record Initial(double mean, double deviation, int zeroRow) {
    /** All numbers the same. */
    public static Initial constant(double x) {
        return new Initial(x, 0, -1);
    }

    /** Around 0. */
    public static Initial normal(double deviation) {
        return new Initial(0, deviation, -1);
    }

    /** The same with a row of zeros for the padding token, where the configuration names one. */
    Initial padding(Config c, String table, String name, int otherwise) {
        if (!name.equals(table)) {
            return this;
        }
        // An explicit null is no padding token, also where there is one by default.
        boolean said = c.values().containsKey("pad_token_id");
        int row =
                said && !c.has("pad_token_id") ? -1 : said || otherwise >= 0 ? c.count("pad_token_id", otherwise) : -1;
        return new Initial(mean, deviation, row);
    }

    /** What most architectures do: gains 1, biases 0, everything else from {@code initializer_range}. */
    static Initial usual(Config c, String name, int rank) {
        if (name.endsWith(".bias") || (rank == 1 && !name.endsWith(".weight"))) {
            return constant(0);
        }
        return rank == 1 ? constant(1) : normal(range(c));
    }

    static double range(Config c) {
        return c.real("initializer_range", 0.02);
    }
}
