package dev.cutaway.graph.op;

import java.math.BigDecimal;
import java.math.MathContext;

/** Constants as people write them. */
final class Numbers {
    private Numbers() {}

    /** Shortest decimal that gives the same double: {@code 0.125}, {@code 1e-5}. */
    static String plain(double x) {
        if (x == Math.rint(x) && Math.abs(x) < 1e7) {
            return Long.toString((long) x);
        }
        BigDecimal d = new BigDecimal(Double.toString(x)).stripTrailingZeros();
        int exponent = d.precision() - d.scale() - 1;
        if (exponent >= -3) {
            return d.toPlainString();
        }
        String digits = d.unscaledValue().toString();
        return digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e" + exponent;
    }

    /** The same to six digits, for formulas: {@code 0.144338}. */
    static String shown(double x) {
        return plain(new BigDecimal(x).round(new MathContext(6)).doubleValue());
    }

    static String latex(double x) {
        String s = shown(x);
        int e = s.indexOf('e');
        if (e < 0) {
            return s;
        }
        String mantissa = s.substring(0, e);
        return (mantissa.equals("1") ? "" : mantissa + " \\cdot ") + "10^{" + s.substring(e + 1) + "}";
    }
}
