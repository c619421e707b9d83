package dev.cutaway.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement as parsed. */
sealed interface Stmt {

    record Text(String text) implements Stmt {}

    record Output(Expr value) implements Stmt {}

    record If(List<Branch> branches, List<Stmt> otherwise) implements Stmt {}

    record Branch(Expr test, List<Stmt> body) {}

    record For(
            Target target,
            Expr items,
            @Nullable Expr test,
            boolean recursive,
            List<Stmt> body,
            List<Stmt> otherwise,
            int line)
            implements Stmt {}

    record Set(Target target, Expr value, int line) implements Stmt {}

    /** {@code {% set x %}...{% endset %}}; the filters apply to {@link Expr.Captured}. */
    record SetBlock(Target target, Expr filtered, List<Stmt> body, int line) implements Stmt {}

    record Macro(String name, Signature signature, List<Stmt> body, int line) implements Stmt {}

    record Call(Expr.Call call, Signature signature, List<Stmt> body, int line) implements Stmt {}

    record Filter(Expr filtered, List<Stmt> body) implements Stmt {}

    record With(List<Target> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

    /** A part that can only be seen as a scope: {@code generation} marks, {@code autoescape}, {@code block}. */
    record Scope(List<Stmt> body) implements Stmt {}

    record Break() implements Stmt {}

    record Continue() implements Stmt {}

    /** Parameters of a macro; the defaults belong to the last ones. */
    record Signature(List<String> names, List<Expr> defaults) {}

    /** What an assignment writes to. */
    sealed interface Target {
        record Variable(String name) implements Target {}

        record Member(String namespace, String attribute) implements Target {}

        record Several(List<Target> targets) implements Target {}
    }
}
