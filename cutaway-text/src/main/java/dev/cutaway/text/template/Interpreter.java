package dev.cutaway.text.template;

import dev.cutaway.text.template.Stmt.Target;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import dev.cutaway.text.template.Value.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Executes the statements of one rendering. */
final class Interpreter {
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private final Budget budget;
    private final Evaluator evaluator;
    private StringBuilder out = new StringBuilder();

    Interpreter(Budget budget, Scope globals) {
        this.budget = budget;
        this.evaluator = new Evaluator(budget, new Scope(globals));
    }

    /** The rendered text. */
    String render(List<Stmt> template) {
        run(template);
        return out.toString();
    }

    /** The line that was evaluated last. */
    int line() {
        return evaluator.line;
    }

    private Flow run(List<Stmt> body) {
        budget.enter();
        Flow flow = Flow.ON;
        for (Stmt statement : body) {
            budget.step();
            flow = run(statement);
            if (flow != Flow.ON) {
                break;
            }
        }
        budget.leave();
        return flow;
    }

    private Flow run(Stmt statement) {
        switch (statement) {
            case Stmt.Text t -> write(t.text());
            case Stmt.Output o -> write(PythonText.text(budget, evaluator.eval(o.value())));
            case Stmt.If i -> {
                return conditional(i);
            }
            case Stmt.For f -> loop(f, evaluator.eval(f.items()), 0);
            case Stmt.Set s -> assign(s.target(), evaluator.eval(s.value()), s.line());
            case Stmt.SetBlock s -> {
                Value text = filtered(s.filtered(), s.body());
                assign(s.target(), text, s.line());
            }
            case Stmt.Macro m -> evaluator.scope.set(m.name(), macro(m.name(), m.signature(), m.body()));
            case Stmt.Call c -> {
                Value caller = macro("caller", c.signature(), c.body());
                write(PythonText.text(budget, evaluator.call(c.call(), Map.of("caller", caller))));
            }
            case Stmt.Filter f -> write(PythonText.text(budget, filtered(f.filtered(), f.body())));
            case Stmt.With w -> {
                return with(w);
            }
            case Stmt.Scope s -> {
                return within(new Scope(evaluator.scope), s.body());
            }
            case Stmt.Break b -> {
                return Flow.BREAK;
            }
            case Stmt.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private void write(String text) {
        budget.text(text.length());
        out.append(text);
    }

    private Flow within(Scope scope, List<Stmt> body) {
        Scope outer = evaluator.scope;
        evaluator.scope = scope;
        Flow flow = run(body);
        evaluator.scope = outer;
        return flow;
    }

    /** What a body writes, as text of its own. */
    private String captured(Scope scope, List<Stmt> body) {
        StringBuilder outer = out;
        out = new StringBuilder();
        within(scope, body);
        String text = out.toString();
        out = outer;
        return text;
    }

    private Value filtered(Expr filters, List<Stmt> body) {
        String text = captured(new Scope(evaluator.scope), body);
        Value outer = evaluator.captured;
        evaluator.captured = new Str(text);
        Value value = evaluator.eval(filters);
        evaluator.captured = outer;
        return value;
    }

    private Flow conditional(Stmt.If statement) {
        for (Stmt.Branch branch : statement.branches()) {
            if (Compare.truth(evaluator.eval(branch.test()))) {
                return run(branch.body());
            }
        }
        return run(statement.otherwise());
    }

    private Flow with(Stmt.With statement) {
        Scope outer = evaluator.scope;
        Scope inner = new Scope(outer);
        List<Value> values = new ArrayList<>();
        statement.values().forEach(value -> values.add(evaluator.eval(value)));
        evaluator.scope = inner;
        for (int i = 0; i < values.size(); i++) {
            assign(statement.targets().get(i), values.get(i), statement.line());
        }
        evaluator.scope = outer;
        return within(inner, statement.body());
    }

    private void loop(Stmt.For statement, Value over, int depth) {
        Scope outer = evaluator.scope;
        List<Value> items = chosen(statement, Methods.items(budget, over));
        Value.Callable.Body again = statement.recursive() ? args -> again(statement, outer, args, depth + 1) : null;
        Value.Loop loop = new Value.Loop(items, depth, again);
        for (Value item : items) {
            budget.step();
            loop.index0++;
            Scope inner = new Scope(outer);
            evaluator.scope = inner;
            assign(statement.target(), item, statement.line());
            inner.set("loop", loop);
            Flow flow = run(statement.body());
            evaluator.scope = outer;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        if (items.isEmpty()) {
            within(new Scope(outer), statement.otherwise());
        }
    }

    private Value again(Stmt.For statement, Scope scope, Args args, int depth) {
        budget.enter();
        StringBuilder outerText = out;
        Scope outerScope = evaluator.scope;
        out = new StringBuilder();
        evaluator.scope = scope;
        loop(statement, args.get(0, "iterable"), depth);
        String text = out.toString();
        evaluator.scope = outerScope;
        out = outerText;
        budget.leave();
        return new Str(text);
    }

    private List<Value> chosen(Stmt.For statement, List<Value> items) {
        if (statement.test() == null) {
            return items;
        }
        Scope outer = evaluator.scope;
        List<Value> chosen = new ArrayList<>();
        for (Value item : items) {
            evaluator.scope = new Scope(outer);
            assign(statement.target(), item, statement.line());
            if (Compare.truth(evaluator.eval(statement.test()))) {
                chosen.add(item);
            }
        }
        evaluator.scope = outer;
        return chosen;
    }

    private void assign(Target target, Value value, int line) {
        switch (target) {
            case Target.Variable v -> evaluator.scope.set(v.name(), value);
            case Target.Member m -> {
                evaluator.line = line;
                if (!(evaluator.scope.find(m.namespace()) instanceof Value.Namespace namespace)) {
                    throw new TemplateFailure("'" + m.namespace() + "' is no namespace, its attributes cannot be set");
                }
                Environment.requireAttribute(m.attribute());
                namespace.attributes().put(m.attribute(), value);
            }
            case Target.Several s -> {
                evaluator.line = line;
                List<Value> parts = Methods.items(budget, value);
                if (parts.size() != s.targets().size()) {
                    throw new TemplateFailure(
                            parts.size() + " values for " + s.targets().size() + " names");
                }
                for (int i = 0; i < parts.size(); i++) {
                    assign(s.targets().get(i), parts.get(i), line);
                }
            }
        }
    }

    private Value macro(String name, Stmt.Signature signature, List<Stmt> body) {
        Scope defined = evaluator.scope;
        return new Value.Callable(name, true, args -> {
            budget.enter();
            Scope inner = new Scope(defined);
            bind(name, signature, args, inner);
            Value text = new Str(captured(inner, body));
            budget.leave();
            return text;
        });
    }

    private void bind(String name, Stmt.Signature signature, Args args, Scope inner) {
        List<String> names = signature.names();
        Map<String, Value> rest = new LinkedHashMap<>(args.named());
        for (int i = 0; i < names.size(); i++) {
            Value given = i < args.positional().size() ? args.positional().get(i) : rest.remove(names.get(i));
            inner.set(names.get(i), given != null ? given : absent(signature, i, inner));
        }
        Value caller = rest.remove("caller");
        if (!names.contains("caller")) {
            inner.set("caller", caller != null ? caller : Undefined.of("no caller defined"));
        }
        inner.set("kwargs", Methods.dict(rest));
        int taken = Math.min(names.size(), args.positional().size());
        List<Value> more = args.positional().subList(taken, args.positional().size());
        inner.set("varargs", new Seq(Value.Kind.TUPLE, more));
        inner.set("loop", Undefined.of("'loop' is undefined"));
        if (more.size() + rest.size() > 0 && name.equals("caller")) {
            throw new TemplateFailure("the call block takes " + names.size() + " arguments");
        }
    }

    /** A parameter that was not given: its default, evaluated where the parameters before it are known. */
    private Value absent(Stmt.Signature signature, int i, Scope inner) {
        int at = i - (signature.names().size() - signature.defaults().size());
        @Nullable Expr otherwise = at < 0 ? null : signature.defaults().get(at);
        if (otherwise == null) {
            return Undefined.of("parameter '" + signature.names().get(i) + "' was not provided");
        }
        Scope outer = evaluator.scope;
        evaluator.scope = inner;
        Value value = evaluator.eval(otherwise);
        evaluator.scope = outer;
        return value;
    }
}
