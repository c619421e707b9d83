package dev.cutaway.graph.op;

/** The error function to double precision: its Taylor series near zero, the continued fraction of erfc elsewhere. */
final class Erf {
    private Erf() {}

    static double of(double x) {
        double a = Math.abs(x);
        if (a > 6) {
            return Math.signum(x);
        }
        return a < 2.5 ? series(x) : Math.signum(x) * (1 - complement(a));
    }

    /** {@code 2/sqrt(pi) e^(-x^2) sum (2x^2)^n x / (1 3 5 ...)}: all terms of one sign, nothing cancels. */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 100 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    private static double complement(double x) {
        double f = x;
        for (int n = 60; n >= 1; n--) {
            f = x + n / 2.0 / f;
        }
        return Math.exp(-x * x) / (f * Math.sqrt(Math.PI));
    }
}
