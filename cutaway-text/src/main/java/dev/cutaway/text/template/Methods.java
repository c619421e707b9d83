package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Dict;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.Kind;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Attributes of values: the methods of Python's str, list, tuple and dict that change nothing. Those that would change
 * a list or dict are there only to say so, as in the sandbox that transformers uses.
 */
final class Methods {
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> LIST = Set.of("index", "count", "copy");
    private static final Set<String> DICT = Set.of("get", "items", "keys", "values", "copy");

    private Methods() {}

    /** The attribute of this name, or null. */
    @Nullable
    static Value find(Value of, String name) {
        if (name.startsWith("__") && name.endsWith("__")) {
            return Value.Undefined.of("the attribute '" + name + "' is not accessible to a template");
        }
        return switch (of) {
            case Str s ->
                StringMethods.NAMES.contains(name)
                        ? Value.Callable.function(name, args -> StringMethods.call(s.value(), name, args))
                        : null;
            case Seq s -> sequence(s, name);
            case Dict d -> mapping(d, name);
            case Value.Namespace n -> n.attributes().get(name);
            case Value.Loop l -> l.attribute(name);
            case Value.Callable c when c.macro() && name.equals("name") -> new Str(c.name());
            case Value.Real r
            when name.equals("is_integer") ->
                Value.Callable.function(name, args -> Value.Bool.of(r.value() == Math.rint(r.value())));
            default -> null;
        };
    }

    @Nullable
    private static Value sequence(Seq seq, String name) {
        if (seq.kind() == Kind.LIST && LIST_CHANGES.contains(name)) {
            return unchangeable("list", name);
        }
        boolean has = seq.kind() == Kind.LIST
                ? LIST.contains(name)
                : seq.kind() == Kind.TUPLE && LIST.contains(name) && !name.equals("copy");
        return has ? Value.Callable.function(name, args -> callSequence(seq, name, args)) : null;
    }

    private static Value callSequence(Seq seq, String name, Args args) {
        if (name.equals("copy")) {
            return seq;
        }
        Value wanted = args.get(0, "value");
        long count = 0;
        for (int i = 0; i < seq.items().size(); i++) {
            if (Compare.same(args.budget(), seq.items().get(i), wanted)) {
                if (name.equals("index")) {
                    return new Int(i);
                }
                count++;
            }
        }
        if (name.equals("index")) {
            throw new TemplateFailure("index(): the value is not in the list");
        }
        return new Int(count);
    }

    @Nullable
    private static Value mapping(Dict dict, String name) {
        if (DICT_CHANGES.contains(name)) {
            return unchangeable("dict", name);
        }
        return DICT.contains(name) ? Value.Callable.function(name, args -> callMapping(dict, name, args)) : null;
    }

    private static Value callMapping(Dict dict, String name, Args args) {
        args.budget().steps(dict.size());
        return switch (name) {
            case "get" -> {
                Value found = dict.get(args.get(0, "key"));
                yield found != null ? found : args.get(1, "default", Value.None.NONE);
            }
            case "items" -> new Seq(Kind.ITEMS, dict.items());
            case "keys" -> new Seq(Kind.KEYS, dict.keys());
            case "values" -> new Seq(Kind.VALUES, dict.values());
            default -> dict;
        };
    }

    private static Value unchangeable(String type, String name) {
        return Value.Undefined.of("a template cannot change a " + type + " ('" + name + "')");
    }

    /** {@code of[key]}, or null where there is none. */
    @Nullable
    static Value item(Value of, Value key) {
        return switch (of) {
            case Dict d -> key instanceof Seq || key instanceof Dict ? null : d.get(key);
            case Seq s when s.kind().indexed() && key instanceof Int(long i) -> at(s.items(), i);
            case Str(String text) when key instanceof Int(long i) -> character(text, i);
            default -> null;
        };
    }

    @Nullable
    private static Value at(List<Value> items, long index) {
        long i = index < 0 ? index + items.size() : index;
        return i >= 0 && i < items.size() ? items.get((int) i) : null;
    }

    @Nullable
    private static Value character(String text, long index) {
        int length = PythonText.length(text);
        long i = index < 0 ? index + length : index;
        if (i < 0 || i >= length) {
            return null;
        }
        int at = text.offsetByCodePoints(0, (int) i);
        return new Str(text.substring(at, at + Character.charCount(text.codePointAt(at))));
    }

    /** {@code of[from:to:step]} with Python's rules for what is left out or negative. */
    static Value slice(Budget budget, Value of, @Nullable Long from, @Nullable Long to, @Nullable Long step) {
        return switch (of) {
            case Str(String text) -> {
                budget.text(text.length());
                int[] points = text.codePoints().toArray();
                StringBuilder out = new StringBuilder();
                for (int i : Slices.indices(points.length, from, to, step)) {
                    out.appendCodePoint(points[i]);
                }
                yield new Str(out.toString());
            }
            case Seq s
            when s.kind().indexed() -> {
                budget.steps(s.items().size());
                int[] indices = Slices.indices(s.items().size(), from, to, step);
                List<Value> items = java.util.Arrays.stream(indices)
                        .mapToObj(s.items()::get)
                        .toList();
                yield new Seq(s.kind(), items);
            }
            case Value.Undefined u -> throw new TemplateFailure(u.message());
            default -> throw new TemplateFailure("a value of type " + of.type() + " cannot be sliced");
        };
    }

    /** What a {@code for} or a filter goes through. */
    static List<Value> items(Budget budget, Value of) {
        List<Value> items = switch (of) {
            case Seq s -> s.items();
            case Dict d -> d.keys();
            case Str(String text) -> {
                budget.text(text.length());
                yield text.codePoints()
                        .mapToObj(c -> (Value) new Str(Character.toString(c)))
                        .toList();
            }
            case Value.Undefined u -> Collections.emptyList();
            default -> throw new TemplateFailure("a value of type " + of.type() + " cannot be gone through");
        };
        budget.steps(items.size());
        return items;
    }

    static Dict dict(Map<String, Value> values) {
        Dict dict = new Dict();
        values.forEach((k, v) -> dict.put(new Str(k), v));
        return dict;
    }
}
