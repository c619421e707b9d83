package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Callable;
import dev.cutaway.text.template.Value.Dict;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.Namespace;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions every chat template may call. */
final class Environment {
    /** As in Jinja's sandbox. */
    private static final int MAX_RANGE = 100_000;

    private Environment() {}

    static Scope globals(Clock clock) {
        Scope globals = new Scope(null);
        add(globals, "range", Environment::range);
        add(globals, "dict", Environment::dict);
        add(globals, "namespace", Environment::namespace);
        add(globals, "raise_exception", args -> {
            String message = args.size() == 0 ? "" : PythonText.text(args.budget(), args.get(0, "message"));
            throw new TemplateFailure(TemplateFailure.Cause.REFUSED, message);
        });
        add(globals, "strftime_now", args -> {
            String pattern = args.text(0, "format");
            args.budget().text(pattern.length() * 20L);
            return new Str(Strftime.format(ZonedDateTime.now(clock), pattern));
        });
        return globals;
    }

    private static void add(Scope globals, String name, Callable.Body body) {
        globals.set(name, Callable.function(name, body));
    }

    private static Value range(Args args) {
        if (args.positional().isEmpty()) {
            throw new TemplateFailure("range() needs a number");
        }
        boolean one = args.positional().size() == 1;
        long from = one ? 0 : args.integer(0, "start");
        long to = args.integer(one ? 0 : 1, "stop");
        long step = args.integer(2, "step", 1);
        if (step == 0) {
            throw new TemplateFailure("range() needs a step other than 0");
        }
        // in doubles: the exact difference may not fit 64 bits, and only its size against the limit matters
        double span = Math.ceil(((double) to - (double) from) / step);
        if (span > MAX_RANGE) {
            throw new TemplateFailure(TemplateFailure.Cause.LIMIT, "range() of more than " + MAX_RANGE + " numbers");
        }
        args.budget().steps((long) Math.max(0, span));
        List<Value> items = new ArrayList<>();
        for (int i = 0; i < span; i++) {
            items.add(new Int(from + i * step));
        }
        return new Seq(Value.Kind.RANGE, items);
    }

    private static Value dict(Args args) {
        Dict dict = new Dict();
        pairs(args).forEach(pair -> dict.put(pair.getKey(), pair.getValue()));
        return dict;
    }

    private static Value namespace(Args args) {
        Map<String, Value> attributes = new LinkedHashMap<>();
        for (Map.Entry<Value, Value> pair : pairs(args)) {
            String name = PythonText.text(args.budget(), pair.getKey());
            requireAttribute(name);
            attributes.put(name, pair.getValue());
        }
        return new Namespace(attributes);
    }

    static void requireAttribute(String name) {
        if (name.startsWith("_")) {
            throw new TemplateFailure("a namespace cannot hold '" + name + "': names that start with _ are reserved");
        }
    }

    private static List<Map.Entry<Value, Value>> pairs(Args args) {
        List<Map.Entry<Value, Value>> pairs = new ArrayList<>();
        if (!args.positional().isEmpty()) {
            if (args.positional().getFirst() instanceof Dict dict) {
                dict.entries().forEach(pairs::add);
            } else {
                for (Value item : Methods.items(args.budget(), args.positional().getFirst())) {
                    List<Value> pair = Methods.items(args.budget(), item);
                    if (pair.size() != 2) {
                        throw new TemplateFailure("a mapping is made of pairs");
                    }
                    pairs.add(Map.entry(pair.get(0), pair.get(1)));
                }
            }
        }
        args.named().forEach((name, value) -> pairs.add(Map.entry(new Str(name), value)));
        args.budget().steps(pairs.size());
        return pairs;
    }
}
