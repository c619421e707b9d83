package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Bool;
import dev.cutaway.text.template.Value.Dict;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.None;
import dev.cutaway.text.template.Value.Real;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import dev.cutaway.text.template.Value.Undefined;
import java.util.List;
import java.util.Map;

/** Python's truth, equality, order and membership. */
final class Compare {
    private Compare() {}

    static boolean truth(Value value) {
        return switch (value) {
            case None n -> false;
            case Bool b -> b.value();
            case Int i -> i.value() != 0;
            case Real r -> r.value() != 0;
            case Str s -> !s.value().isEmpty();
            case Undefined u -> false;
            case Seq s -> s.kind() == Value.Kind.GENERATOR || !s.items().isEmpty();
            case Dict d -> d.size() > 0;
            case Value.Namespace n -> true;
            case Value.Callable c -> true;
            case Value.Loop l -> true;
        };
    }

    static boolean number(Value value) {
        return value instanceof Int || value instanceof Real || value instanceof Bool;
    }

    static double real(Value value) {
        return switch (value) {
            case Int i -> i.value();
            case Real r -> r.value();
            case Bool b -> b.value() ? 1 : 0;
            default -> throw new TemplateFailure("expected a number, not " + value.type());
        };
    }

    static boolean same(Budget budget, Value a, Value b) {
        budget.step();
        if (number(a) && number(b)) {
            boolean integers = a instanceof Int && b instanceof Int;
            return integers ? Arithmetic.integer(a) == Arithmetic.integer(b) : real(a) == real(b);
        }
        if (a instanceof Seq x && b instanceof Seq y) {
            return x.kind() == y.kind() && sameItems(budget, x.items(), y.items());
        }
        if (a instanceof Dict x && b instanceof Dict y) {
            return sameEntries(budget, x, y);
        }
        if (a instanceof Undefined && b instanceof Undefined) {
            return true;
        }
        if (a instanceof Str(String x) && b instanceof Str(String y)) {
            return x.equals(y);
        }
        return identical(a, b);
    }

    /** The same thing in memory: what Python's {@code is} asks, and {@code ==} where a type defines nothing else. */
    @SuppressWarnings("ReferenceEquality")
    static boolean identical(Value a, Value b) {
        return a == b;
    }

    private static boolean sameItems(Budget budget, List<Value> a, List<Value> b) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean same = true;
        for (int i = 0; same && i < a.size(); i++) {
            same = same(budget, a.get(i), b.get(i));
        }
        budget.leave();
        return same;
    }

    private static boolean sameEntries(Budget budget, Dict a, Dict b) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean same = true;
        for (Map.Entry<Value, Value> entry : a.entries()) {
            Value other = b.get(entry.getKey());
            if (other == null || !same(budget, entry.getValue(), other)) {
                same = false;
                break;
            }
        }
        budget.leave();
        return same;
    }

    /** Negative, zero or positive as {@code a} is before, with or after {@code b}. */
    static int order(Budget budget, Value a, Value b) {
        budget.step();
        if (number(a) && number(b)) {
            boolean integers = a instanceof Int && b instanceof Int;
            return integers
                    ? Long.compare(Arithmetic.integer(a), Arithmetic.integer(b))
                    : Double.compare(real(a) + 0.0, real(b) + 0.0);
        }
        if (a instanceof Str(String x) && b instanceof Str(String y)) {
            return codePointOrder(x, y);
        }
        if (a instanceof Seq x
                && b instanceof Seq y
                && x.kind() == y.kind()
                && x.kind().indexed()) {
            return itemOrder(budget, x.items(), y.items());
        }
        if (a instanceof Undefined u) {
            throw new TemplateFailure(u.message());
        }
        if (b instanceof Undefined u) {
            throw new TemplateFailure(u.message());
        }
        throw new TemplateFailure("values of type " + a.type() + " and " + b.type() + " have no order");
    }

    private static int itemOrder(Budget budget, List<Value> a, List<Value> b) {
        budget.enter();
        int n = Math.min(a.size(), b.size());
        for (int i = 0; i < n; i++) {
            if (!same(budget, a.get(i), b.get(i))) {
                int order = order(budget, a.get(i), b.get(i));
                budget.leave();
                return order;
            }
        }
        budget.leave();
        return Integer.compare(a.size(), b.size());
    }

    /** Python orders text by code point; Java's compareTo, by UTF-16 unit, puts surrogates before U+E000. */
    static int codePointOrder(String a, String b) {
        int n = Math.min(a.length(), b.length());
        for (int i = 0; i < n; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean sx = Character.isSurrogate(x);
                boolean sy = Character.isSurrogate(y);
                return sx == sy ? Character.compare(x, y) : sx ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static boolean contains(Budget budget, Value container, Value item) {
        return switch (container) {
            case Str(String text) -> {
                if (!(item instanceof Str(String part))) {
                    throw new TemplateFailure("'in' a string needs a string, not " + item.type());
                }
                budget.text(text.length() / 8);
                yield text.contains(part);
            }
            case Dict d -> d.get(item) != null;
            case Seq s -> {
                for (Value each : s.items()) {
                    if (same(budget, each, item)) {
                        yield true;
                    }
                }
                yield false;
            }
            case Undefined u -> false;
            default -> throw new TemplateFailure("'in' does not work on a value of type " + container.type());
        };
    }
}
