package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Bool;
import dev.cutaway.text.template.Value.Dict;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import dev.cutaway.text.template.Value.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions in the current scope. */
final class Evaluator {
    final Budget budget;
    Scope scope;

    /** The line of what was evaluated last, for messages. */
    int line = 1;

    /** The text that {@link Expr.Captured} stands for. */
    Value captured = Str.EMPTY;

    Evaluator(Budget budget, Scope scope) {
        this.budget = budget;
        this.scope = scope;
    }

    Value eval(Expr e) {
        budget.enter();
        line = e.line();
        Value value = evaluate(e);
        budget.leave();
        return value;
    }

    private Value evaluate(Expr e) {
        return switch (e) {
            case Expr.Const c -> c.value();
            case Expr.Name n -> name(n.name());
            case Expr.Attribute a -> attribute(eval(a.of()), a.name());
            case Expr.Item i -> item(eval(i.of()), eval(i.key()));
            case Expr.Slice s -> Methods.slice(budget, eval(s.of()), bound(s.from()), bound(s.to()), bound(s.step()));
            case Expr.Call c -> call(c);
            case Expr.Filter f -> filter(f);
            case Expr.Test t -> test(t);
            case Expr.Not n -> Bool.of(!Compare.truth(eval(n.of())));
            case Expr.And a -> {
                Value left = eval(a.left());
                yield Compare.truth(left) ? eval(a.right()) : left;
            }
            case Expr.Or o -> {
                Value left = eval(o.left());
                yield Compare.truth(left) ? left : eval(o.right());
            }
            case Expr.Conditional c -> conditional(c);
            case Expr.Comparison c -> comparison(c);
            case Expr.Concat c -> concat(c);
            case Expr.Binary b -> Arithmetic.apply(budget, b.operator(), eval(b.left()), eval(b.right()));
            case Expr.Sign s -> Arithmetic.sign(s.negative(), eval(s.of()));
            case Expr.Sequence s -> new Seq(s.kind(), evalAll(s.items()));
            case Expr.Mapping m -> mapping(m);
            case Expr.Captured c -> captured;
        };
    }

    private List<Value> evalAll(List<Expr> items) {
        List<Value> values = new ArrayList<>(items.size());
        items.forEach(item -> values.add(eval(item)));
        return values;
    }

    private Value mapping(Expr.Mapping m) {
        Dict dict = new Dict();
        m.entries().forEach(entry -> dict.put(eval(entry.getKey()), eval(entry.getValue())));
        return dict;
    }

    private Value name(String name) {
        Value value = scope.find(name);
        return value != null ? value : Undefined.of("'" + name + "' is undefined");
    }

    /** {@code of.name}: the attribute, else the item. */
    static Value attribute(Value of, String name) {
        refuseUndefined(of, name);
        Value found = Methods.find(of, name);
        if (found == null) {
            found = Methods.item(of, new Str(name));
        }
        return found != null ? found : Undefined.of(missing(of, name));
    }

    /** {@code of[key]}: the item, else the attribute. */
    static Value item(Value of, Value key) {
        String shown = key instanceof Str(String text) ? text : key.type();
        refuseUndefined(of, shown);
        Value found = Methods.item(of, key);
        if (found == null && key instanceof Str(String text)) {
            found = Methods.find(of, text);
        }
        return found != null ? found : Undefined.of(missing(of, shown));
    }

    private static void refuseUndefined(Value of, String name) {
        if (of instanceof Undefined u) {
            throw new TemplateFailure(u.message() + ", so it has no '" + name + "'");
        }
    }

    static String missing(Value of, String name) {
        return "a value of type " + of.type() + " has no '" + name + "'";
    }

    @Nullable
    private Long bound(@Nullable Expr e) {
        if (e == null) {
            return null;
        }
        Value value = eval(e);
        return value == Value.None.NONE ? null : Long.valueOf(Arithmetic.integer(value));
    }

    private Value conditional(Expr.Conditional c) {
        if (Compare.truth(eval(c.test()))) {
            return eval(c.yes());
        }
        return c.no() != null ? eval(c.no()) : Undefined.of("the inline if has no else part");
    }

    private Value comparison(Expr.Comparison c) {
        Value left = eval(c.first());
        for (Expr.Operand operand : c.rest()) {
            Value right = eval(operand.right());
            if (!holds(operand.operator(), left, right)) {
                return Bool.FALSE;
            }
            left = right;
        }
        return Bool.TRUE;
    }

    private boolean holds(String operator, Value left, Value right) {
        return switch (operator) {
            case "==" -> Compare.same(budget, left, right);
            case "!=" -> !Compare.same(budget, left, right);
            case "in" -> Compare.contains(budget, right, left);
            case "not in" -> !Compare.contains(budget, right, left);
            case "<" -> ordered(left, right) && Compare.order(budget, left, right) < 0;
            case "<=" -> ordered(left, right) && Compare.order(budget, left, right) <= 0;
            case ">" -> ordered(left, right) && Compare.order(budget, left, right) > 0;
            default -> ordered(left, right) && Compare.order(budget, left, right) >= 0;
        };
    }

    /** NaN is neither before nor after anything. */
    private static boolean ordered(Value left, Value right) {
        return !(Compare.number(left) && Double.isNaN(Compare.real(left)))
                && !(Compare.number(right) && Double.isNaN(Compare.real(right)));
    }

    private Value concat(Expr.Concat c) {
        StringBuilder out = new StringBuilder();
        for (Expr part : c.parts()) {
            String text = PythonText.text(budget, eval(part));
            budget.text(text.length());
            out.append(text);
        }
        return new Str(out.toString());
    }

    private Value filter(Expr.Filter f) {
        Value in = eval(f.of());
        Args args = arguments(f.arguments());
        line = f.line();
        return Filters.apply(f.name(), in, args);
    }

    private Value test(Expr.Test t) {
        Value in = eval(t.of());
        Args args = arguments(t.arguments());
        line = t.line();
        return Bool.of(Tests.apply(t.name(), in, args));
    }

    private Value call(Expr.Call c) {
        return call(c, Map.of());
    }

    /** A call with further named arguments, such as a call block's {@code caller}. */
    Value call(Expr.Call c, Map<String, Value> more) {
        Value function = eval(c.function());
        Args args = arguments(c.arguments());
        if (!more.isEmpty()) {
            Map<String, Value> named = new LinkedHashMap<>(args.named());
            named.putAll(more);
            args = new Args(budget, args.positional(), named);
        }
        line = c.line();
        return switch (function) {
            case Value.Callable callable -> callable.body().call(args);
            case Value.Loop loop when loop.again != null -> loop.again.call(args);
            case Undefined u -> throw new TemplateFailure(u.message());
            default -> throw new TemplateFailure("a value of type " + function.type() + " cannot be called");
        };
    }

    private Args arguments(Expr.Arguments a) {
        if (a.positional().isEmpty() && a.named().isEmpty() && a.rest() == null && a.namedRest() == null) {
            return new Args(budget, List.of(), Map.of());
        }
        List<Value> positional = evalAll(a.positional());
        Map<String, Value> named = new LinkedHashMap<>();
        a.named().forEach(entry -> named.put(entry.getKey(), eval(entry.getValue())));
        if (a.rest() != null) {
            positional.addAll(Methods.items(budget, eval(a.rest())));
        }
        if (a.namedRest() != null) {
            if (!(eval(a.namedRest()) instanceof Dict dict)) {
                throw new TemplateFailure("'**' needs a mapping");
            }
            for (Map.Entry<Value, Value> entry : dict.entries()) {
                named.put(PythonText.text(budget, entry.getKey()), entry.getValue());
            }
        }
        return new Args(budget, positional, named);
    }
}
