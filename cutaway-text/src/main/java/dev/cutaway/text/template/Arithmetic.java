package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Bool;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.Real;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import dev.cutaway.text.template.Value.Undefined;
import java.util.ArrayList;
import java.util.List;

/** Python's operators. Integers are 64 bits wide here; what does not fit is an error. */
final class Arithmetic {
    private Arithmetic() {}

    static Value apply(Budget budget, String operator, Value a, Value b) {
        for (Value operand : new Value[] {a, b}) {
            if (operand instanceof Undefined u) {
                throw new TemplateFailure(u.message());
            }
        }
        try {
            return operands(budget, operator, a, b);
        } catch (ArithmeticException e) {
            throw new TemplateFailure("the result of '" + operator + "' does not fit 64 bits");
        }
    }

    private static Value operands(Budget budget, String operator, Value a, Value b) {
        boolean numbers = Compare.number(a) && Compare.number(b);
        if (numbers) {
            boolean whole = !(a instanceof Real) && !(b instanceof Real);
            return whole
                    ? integers(operator, integer(a), integer(b))
                    : reals(operator, Compare.real(a), Compare.real(b));
        }
        return switch (operator) {
            case "+" -> add(budget, a, b);
            case "*" -> a instanceof Int || a instanceof Bool ? repeat(budget, b, integer(a)) : multiply(budget, a, b);
            case "%" -> {
                if (a instanceof Str(String pattern)) {
                    yield new Str(PercentFormat.format(budget, pattern, b));
                }
                throw unsupported(operator, a, b);
            }
            default -> throw unsupported(operator, a, b);
        };
    }

    private static Value add(Budget budget, Value a, Value b) {
        if (a instanceof Str(String x) && b instanceof Str(String y)) {
            budget.text((long) x.length() + y.length());
            return new Str(x + y);
        }
        if (a instanceof Seq x
                && b instanceof Seq y
                && x.kind() == y.kind()
                && x.kind().indexed()) {
            budget.text(((long) x.items().size() + y.items().size()) * 4);
            List<Value> all = new ArrayList<>(x.items());
            all.addAll(y.items());
            return new Seq(x.kind(), all);
        }
        throw unsupported("+", a, b);
    }

    private static Value multiply(Budget budget, Value a, Value b) {
        if (b instanceof Int || b instanceof Bool) {
            return repeat(budget, a, integer(b));
        }
        throw unsupported("*", a, b);
    }

    private static Value repeat(Budget budget, Value what, long times) {
        int n = Math.clamp(times, 0, Integer.MAX_VALUE);
        if (what instanceof Str(String text)) {
            budget.text((long) text.length() * n);
            return new Str(text.repeat(n));
        }
        if (what instanceof Seq seq && (seq.kind() == Value.Kind.LIST || seq.kind() == Value.Kind.TUPLE)) {
            budget.text((long) seq.items().size() * n * 4);
            List<Value> all = new ArrayList<>();
            for (int i = 0; i < n && !seq.items().isEmpty(); i++) {
                all.addAll(seq.items());
            }
            return new Seq(seq.kind(), all);
        }
        throw unsupported("*", what, new Int(times));
    }

    private static Value integers(String operator, long a, long b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new TemplateFailure("division by zero");
        }
        return switch (operator) {
            case "+" -> new Int(Math.addExact(a, b));
            case "-" -> new Int(Math.subtractExact(a, b));
            case "*" -> new Int(Math.multiplyExact(a, b));
            case "/" -> new Real((double) a / b);
            case "//" -> new Int(Math.floorDiv(a, b));
            case "%" -> new Int(Math.floorMod(a, b));
            case "**" -> b < 0 ? new Real(Math.pow((double) a, (double) b)) : new Int(power(a, b));
            default -> throw new IllegalStateException(operator);
        };
    }

    private static long power(long base, long exponent) {
        if (base == 0 || base == 1) {
            return exponent == 0 ? 1 : base;
        }
        if (base == -1) {
            return exponent % 2 == 0 ? 1 : -1;
        }
        long result = 1;
        for (long i = 0; i < exponent; i++) {
            result = Math.multiplyExact(result, base);
        }
        return result;
    }

    private static Value reals(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new TemplateFailure("division by zero");
        }
        return new Real(
                switch (operator) {
                    case "+" -> a + b;
                    case "-" -> a - b;
                    case "*" -> a * b;
                    case "/" -> a / b;
                    case "//" -> Math.floor(a / b);
                    case "%" -> remainder(a, b);
                    case "**" -> Math.pow(a, b);
                    default -> throw new IllegalStateException(operator);
                });
    }

    private static double remainder(double a, double b) {
        double r = a % b;
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }

    static Value sign(boolean negative, Value value) {
        return switch (value) {
            case Real(double v) -> new Real(negative ? -v : v);
            case Int(long v) -> {
                if (negative && v == Long.MIN_VALUE) {
                    throw new TemplateFailure("the result of '-' does not fit 64 bits");
                }
                yield new Int(negative ? -v : v);
            }
            case Bool b -> new Int(negative ? -integer(b) : integer(b));
            case Undefined u -> throw new TemplateFailure(u.message());
            default -> throw new TemplateFailure("a value of type " + value.type() + " has no sign");
        };
    }

    static long integer(Value value) {
        return switch (value) {
            case Int(long v) -> v;
            case Bool(boolean v) -> v ? 1 : 0;
            default -> throw new TemplateFailure("expected an integer, not " + value.type());
        };
    }

    private static TemplateFailure unsupported(String operator, Value a, Value b) {
        return new TemplateFailure("'" + operator + "' does not work on " + a.type() + " and " + b.type());
    }
}
