package dev.cutaway.text.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Numbers as text with a given precision, rounded half to even on the exact binary value as C and Python do. */
final class Numbers {
    private Numbers() {}

    static String fixed(double value, int precision) {
        if (!Double.isFinite(value)) {
            return PythonText.real(value);
        }
        String text = new BigDecimal(value)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return value < 0 || 1 / value < 0 ? (text.startsWith("-") ? text : "-" + text) : text;
    }

    static String exponent(double value, int precision) {
        if (!Double.isFinite(value)) {
            return PythonText.real(value);
        }
        if (value == 0) {
            return (1 / value < 0 ? "-" : "") + fixed(0, precision) + "e+00";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int power = rounded.precision() - rounded.scale() - 1;
        String digits = rounded.scaleByPowerOfTen(-power)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        int size = Math.abs(power);
        return digits + "e" + (power < 0 ? "-" : "+") + (size < 10 ? "0" : "") + size;
    }

    static String general(double value, int precision) {
        if (!Double.isFinite(value)) {
            return PythonText.real(value);
        }
        int digits = Math.max(1, precision);
        if (value == 0) {
            return 1 / value < 0 ? "-0" : "0";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int power = rounded.precision() - rounded.scale() - 1;
        if (power < -4 || power >= digits) {
            String text = exponent(value, digits - 1);
            int e = text.indexOf('e');
            return trimZeros(text.substring(0, e)) + text.substring(e);
        }
        return trimZeros(rounded.setScale(Math.max(0, digits - 1 - power), RoundingMode.HALF_EVEN)
                .toPlainString());
    }

    private static String trimZeros(String text) {
        return text.indexOf('.') < 0 ? text : text.replaceFirst("\\.?0+$", "");
    }
}
