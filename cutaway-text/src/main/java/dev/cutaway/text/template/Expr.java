package dev.cutaway.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An expression as parsed; each knows its line. */
sealed interface Expr {
    int line();

    record Const(Value value, int line) implements Expr {}

    record Name(String name, int line) implements Expr {}

    record Sequence(Value.Kind kind, List<Expr> items, int line) implements Expr {}

    record Mapping(List<Map.Entry<Expr, Expr>> entries, int line) implements Expr {}

    record Attribute(Expr of, String name, int line) implements Expr {}

    record Item(Expr of, Expr key, int line) implements Expr {}

    record Slice(
            Expr of,
            @Nullable Expr from,
            @Nullable Expr to,
            @Nullable Expr step,
            int line) implements Expr {}

    record Call(Expr function, Arguments arguments, int line) implements Expr {}

    record Filter(Expr of, String name, Arguments arguments, int line) implements Expr {}

    record Test(Expr of, String name, Arguments arguments, int line) implements Expr {}

    record Not(Expr of, int line) implements Expr {}

    record Sign(boolean negative, Expr of, int line) implements Expr {}

    record Binary(String operator, Expr left, Expr right, int line) implements Expr {}

    record And(Expr left, Expr right, int line) implements Expr {}

    record Or(Expr left, Expr right, int line) implements Expr {}

    record Concat(List<Expr> parts, int line) implements Expr {}

    record Comparison(Expr first, List<Operand> rest, int line) implements Expr {}

    record Conditional(Expr test, Expr yes, @Nullable Expr no, int line) implements Expr {}

    /** The text of the block that a filter block or a block assignment filters. */
    record Captured(int line) implements Expr {}

    /** One further link of a chain of comparisons. */
    record Operand(String operator, Expr right) {}

    /**
     * What a call passes.
     *
     * @param rest {@code *list}
     * @param namedRest {@code **mapping}
     */
    record Arguments(
            List<Expr> positional,
            List<Map.Entry<String, Expr>> named,
            @Nullable Expr rest,
            @Nullable Expr namedRest) {
        static final Arguments NONE = new Arguments(List.of(), List.of(), null, null);
    }
}
