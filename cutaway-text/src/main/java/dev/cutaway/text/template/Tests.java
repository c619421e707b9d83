package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Bool;
import dev.cutaway.text.template.Value.Dict;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.None;
import dev.cutaway.text.template.Value.Real;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import dev.cutaway.text.template.Value.Undefined;
import java.util.Set;

/** Jinja's tests: what may follow {@code is}. */
final class Tests {
    private static final Set<String> NAMES = Set.of(
            "odd",
            "even",
            "divisibleby",
            "defined",
            "undefined",
            "filter",
            "test",
            "none",
            "boolean",
            "false",
            "true",
            "integer",
            "float",
            "lower",
            "upper",
            "string",
            "mapping",
            "number",
            "sequence",
            "iterable",
            "callable",
            "sameas",
            "escaped",
            "in",
            "==",
            "eq",
            "equalto",
            "!=",
            "ne",
            ">",
            "gt",
            "greaterthan",
            "ge",
            ">=",
            "<",
            "lt",
            "lessthan",
            "<=",
            "le");

    private Tests() {}

    static boolean apply(String name, Value in, Args args) {
        args.budget().step();
        return switch (name) {
            case "defined" -> !(in instanceof Undefined);
            case "undefined" -> in instanceof Undefined;
            case "none" -> in == None.NONE;
            case "boolean" -> in instanceof Bool;
            case "true" -> in instanceof Bool(boolean v) && v;
            case "false" -> in instanceof Bool(boolean v) && !v;
            case "integer" -> in instanceof Int;
            case "float" -> in instanceof Real;
            case "number" -> Compare.number(in);
            case "string" -> in instanceof Str;
            case "mapping" -> in instanceof Dict;
            case "sequence" ->
                in instanceof Str
                        || in instanceof Dict
                        || in instanceof Undefined
                        || (in instanceof Seq s && s.kind().indexed());
            case "iterable" ->
                in instanceof Str
                        || in instanceof Dict
                        || in instanceof Undefined
                        || in instanceof Seq
                        || in instanceof Value.Loop;
            case "callable" -> in instanceof Value.Callable;
            case "escaped" -> false;
            case "lower" -> StringMethods.is(Filters.text(in, args), "islower");
            case "upper" -> StringMethods.is(Filters.text(in, args), "isupper");
            case "filter" -> in instanceof Str(String text) && Filters.known(text);
            case "test" -> in instanceof Str(String text) && NAMES.contains(text);
            case "odd" -> remainder(in, 2, args) == 1;
            case "even" -> remainder(in, 2, args) == 0;
            case "divisibleby" -> remainder(in, args.integer(0, "num"), args) == 0;
            case "sameas" -> identical(in, args.get(0, "other"));
            case "in" -> Compare.contains(args.budget(), args.get(0, "seq"), in);
            default -> compare(name, in, args);
        };
    }

    private static double remainder(Value in, long by, Args args) {
        return Compare.real(Arithmetic.apply(args.budget(), "%", in, new Int(by)));
    }

    private static boolean identical(Value a, Value b) {
        return Compare.identical(a, b)
                || (a instanceof Bool && a.equals(b))
                || (a instanceof Int(long v) && a.equals(b) && v >= -5 && v <= 256)
                || (a instanceof Str && a.equals(b));
    }

    private static boolean compare(String name, Value in, Args args) {
        if (!NAMES.contains(name)) {
            throw new TemplateFailure("unknown test '" + name + "'");
        }
        Value other = args.get(0, "other");
        Budget budget = args.budget();
        return switch (name) {
            case "==", "eq", "equalto" -> Compare.same(budget, in, other);
            case "!=", "ne" -> !Compare.same(budget, in, other);
            case ">", "gt", "greaterthan" -> Compare.order(budget, in, other) > 0;
            case ">=", "ge" -> Compare.order(budget, in, other) >= 0;
            case "<", "lt", "lessthan" -> Compare.order(budget, in, other) < 0;
            case "<=", "le" -> Compare.order(budget, in, other) <= 0;
            default -> throw new TemplateFailure("unknown test '" + name + "'");
        };
    }
}
