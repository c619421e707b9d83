package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Dict;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.Kind;
import dev.cutaway.text.template.Value.None;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import dev.cutaway.text.template.Value.Undefined;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The filters that go through sequences and mappings. */
final class SequenceFilters {
    /** Filters that call other filters or tests by name. */
    static final Set<String> CALLING = Set.of("map", "select", "reject", "selectattr", "rejectattr");

    private SequenceFilters() {}

    static void addTo(Map<String, Filters.Body> all) {
        all.put("length", (in, args) -> new Int(length(in)));
        all.put("count", (in, args) -> new Int(length(in)));
        all.put("list", (in, args) -> Seq.list(Methods.items(args.budget(), in)));
        all.put("first", SequenceFilters::first);
        all.put("last", SequenceFilters::last);
        all.put("join", SequenceFilters::join);
        all.put("items", SequenceFilters::items);
        all.put("dictsort", SequenceFilters::dictSort);
        all.put("sort", SequenceFilters::sort);
        all.put("unique", SequenceFilters::unique);
        all.put("min", (in, args) -> extreme(in, args, false));
        all.put("max", (in, args) -> extreme(in, args, true));
        all.put("sum", SequenceFilters::sum);
        all.put("reverse", SequenceFilters::reverse);
        all.put("batch", SequenceFilters::batch);
        all.put("slice", SequenceFilters::slice);
        all.put("groupby", SequenceFilters::groupBy);
        all.put("attr", (in, args) -> attribute(in, args.text(0, "name")));
        all.put("map", SequenceFilters::map);
        all.put("select", (in, args) -> choose(in, args, false, true));
        all.put("reject", (in, args) -> choose(in, args, false, false));
        all.put("selectattr", (in, args) -> choose(in, args, true, true));
        all.put("rejectattr", (in, args) -> choose(in, args, true, false));
    }

    static long length(Value in) {
        return switch (in) {
            case Str(String text) -> PythonText.length(text);
            case Seq s when s.kind() != Kind.GENERATOR -> s.items().size();
            case Dict d -> d.size();
            case Value.Loop l -> l.items.size();
            case Undefined u -> 0;
            default -> throw new TemplateFailure("a value of type " + in.type() + " has no length");
        };
    }

    private static Value attribute(Value in, String name) {
        Value found = Methods.find(in, name);
        return found != null ? found : Undefined.of(Evaluator.missing(in, name));
    }

    private static Value first(Value in, Args args) {
        List<Value> items = Methods.items(args.budget(), in);
        return items.isEmpty() ? Undefined.of("the sequence is empty, there is no first item") : items.getFirst();
    }

    private static Value last(Value in, Args args) {
        refuseGenerator("last", in);
        List<Value> items = Methods.items(args.budget(), in);
        return items.isEmpty() ? Undefined.of("the sequence is empty, there is no last item") : items.getLast();
    }

    private static void refuseGenerator(String filter, Value in) {
        if (in instanceof Seq(Kind kind, List<Value> items) && kind == Kind.GENERATOR) {
            throw new TemplateFailure(filter + ": a generator has no end to start from; add |list before it");
        }
    }

    private static Value join(Value in, Args args) {
        String separator = PythonText.text(args.budget(), args.get(0, "d", Str.EMPTY));
        UnaryOperator<Value> key = key(args.find(1, "attribute"), null, false);
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Value item : Methods.items(args.budget(), in)) {
            String part = PythonText.text(args.budget(), key.apply(item));
            args.budget().text((long) part.length() + separator.length());
            out.append(first ? "" : separator).append(part);
            first = false;
        }
        return new Str(out.toString());
    }

    private static Value items(Value in, Args args) {
        return switch (in) {
            case Dict d -> {
                args.budget().steps(d.size());
                yield Seq.generator(d.items());
            }
            case Undefined u -> Seq.generator(List.of());
            default -> throw new TemplateFailure("items: expected a mapping, not " + in.type());
        };
    }

    /** A getter for {@code "a.b.0"}; no attribute gives the item itself. */
    static UnaryOperator<Value> key(@Nullable Value attribute, @Nullable Value otherwise, boolean ignoreCase) {
        List<Value> path = new ArrayList<>();
        if (attribute instanceof Str(String text)) {
            for (String part : text.split("\\.", -1)) {
                boolean index =
                        !part.isEmpty() && part.length() < 10 && part.chars().allMatch(Character::isDigit);
                path.add(index ? new Int(Integer.parseInt(part)) : new Str(part));
            }
        } else if (attribute != null && attribute != None.NONE) {
            path.add(attribute);
        }
        return item -> {
            Value value = item;
            for (Value part : path) {
                value = Evaluator.item(value, part);
                value = otherwise != null && value instanceof Undefined ? otherwise : value;
            }
            return ignoreCase && value instanceof Str(String text) ? new Str(text.toLowerCase(Locale.ROOT)) : value;
        };
    }

    private static List<Value> sorted(Args args, List<Value> items, UnaryOperator<Value> key, boolean reverse) {
        record Keyed(Value key, Value item) {}
        List<Keyed> keyed = new ArrayList<>(items.size());
        items.forEach(item -> keyed.add(new Keyed(key.apply(item), item)));
        Comparator<Keyed> order = (a, b) -> Compare.order(args.budget(), a.key, b.key);
        // Python's reversed sort keeps equal items in their order, as sorting by the reversed comparison does.
        keyed.sort(reverse ? order.reversed() : order);
        return keyed.stream().map(Keyed::item).toList();
    }

    private static Value dictSort(Value in, Args args) {
        if (!(in instanceof Dict dict)) {
            throw new TemplateFailure("dictsort: expected a mapping, not " + in.type());
        }
        String by = args.text(1, "by", "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new TemplateFailure("dictsort: sort by 'key' or 'value', not '" + by + "'");
        }
        Value place = new Int(by.equals("key") ? 0 : 1);
        UnaryOperator<Value> key = key(place, null, !args.flag(0, "case_sensitive", false));
        return Seq.list(sorted(args, dict.items(), key, args.flag(2, "reverse", false)));
    }

    private static Value sort(Value in, Args args) {
        boolean ignoreCase = !args.flag(1, "case_sensitive", false);
        Value attribute = args.find(2, "attribute");
        List<UnaryOperator<Value>> keys = new ArrayList<>();
        if (attribute instanceof Str(String text) && text.indexOf(',') >= 0) {
            for (String part : text.split(",", -1)) {
                keys.add(key(new Str(part), null, ignoreCase));
            }
        } else {
            keys.add(key(attribute, null, ignoreCase));
        }
        UnaryOperator<Value> all = item ->
                new Seq(Kind.TUPLE, keys.stream().map(k -> k.apply(item)).toList());
        return Seq.list(sorted(args, Methods.items(args.budget(), in), all, args.flag(0, "reverse", false)));
    }

    private static Value unique(Value in, Args args) {
        UnaryOperator<Value> key = key(args.find(1, "attribute"), null, !args.flag(0, "case_sensitive", false));
        Dict seen = new Dict();
        List<Value> kept = new ArrayList<>();
        for (Value item : Methods.items(args.budget(), in)) {
            Value k = key.apply(item);
            if (seen.get(k) == null) {
                seen.put(k, None.NONE);
                kept.add(item);
            }
        }
        return Seq.generator(kept);
    }

    private static Value extreme(Value in, Args args, boolean largest) {
        UnaryOperator<Value> key = key(args.find(1, "attribute"), null, !args.flag(0, "case_sensitive", false));
        Value best = null;
        for (Value item : Methods.items(args.budget(), in)) {
            if (best == null) {
                best = item;
                continue;
            }
            int order = Compare.order(args.budget(), key.apply(item), key.apply(best));
            best = (largest ? order > 0 : order < 0) ? item : best;
        }
        return best == null ? Undefined.of("the sequence is empty") : best;
    }

    private static Value sum(Value in, Args args) {
        UnaryOperator<Value> key = key(args.find(0, "attribute"), null, false);
        Value sum = args.get(1, "start", new Int(0));
        for (Value item : Methods.items(args.budget(), in)) {
            sum = Arithmetic.apply(args.budget(), "+", sum, key.apply(item));
        }
        return sum;
    }

    private static Value reverse(Value in, Args args) {
        if (in instanceof Str(String text)) {
            args.budget().text(text.length());
            return new Str(new StringBuilder(text).reverse().toString());
        }
        List<Value> items = Methods.items(args.budget(), in);
        return new Seq(
                in instanceof Seq(Kind kind, List<Value> own) && kind == Kind.GENERATOR ? Kind.LIST : Kind.GENERATOR,
                items.reversed());
    }

    private static Value batch(Value in, Args args) {
        long size = args.integer(0, "linecount");
        Value fill = args.get(1, "fill_with", None.NONE);
        List<Value> batches = new ArrayList<>();
        List<Value> items = Methods.items(args.budget(), in);
        if (size < 1) {
            throw new TemplateFailure("batch: " + size + " items in a batch");
        }
        for (int i = 0; i < items.size(); i += (int) Math.min(size, Integer.MAX_VALUE - i)) {
            List<Value> batch = new ArrayList<>(items.subList(i, (int) Math.min(items.size(), i + size)));
            args.budget().text(fill == None.NONE ? 0 : (size - batch.size()) * 4);
            while (fill != None.NONE && batch.size() < size) {
                batch.add(fill);
            }
            batches.add(Seq.list(batch));
        }
        return Seq.generator(batches);
    }

    private static Value slice(Value in, Args args) {
        long slices = args.integer(0, "slices");
        Value fill = args.get(1, "fill_with", None.NONE);
        List<Value> items = Methods.items(args.budget(), in);
        if (slices < 1 || slices > 100_000) {
            throw new TemplateFailure("slice: " + slices + " slices");
        }
        args.budget().steps(slices);
        int n = (int) slices;
        int each = items.size() / n;
        int longer = items.size() % n;
        List<Value> all = new ArrayList<>();
        for (int i = 0, from = 0; i < n; i++) {
            int to = from + each + (i < longer ? 1 : 0);
            List<Value> slice = new ArrayList<>(items.subList(from, to));
            if (fill != None.NONE && i >= longer) {
                slice.add(fill);
            }
            all.add(Seq.list(slice));
            from = to;
        }
        return Seq.generator(all);
    }

    private static Value groupBy(Value in, Args args) {
        Value attribute = args.get(0, "attribute");
        Value otherwise = args.find(1, "default");
        boolean ignoreCase = !args.flag(2, "case_sensitive", false);
        UnaryOperator<Value> key = key(attribute, otherwise, ignoreCase);
        UnaryOperator<Value> shown = key(attribute, otherwise, false);
        List<Value> groups = new ArrayList<>();
        List<Value> group = new ArrayList<>();
        Value current = null;
        for (Value item : sorted(args, Methods.items(args.budget(), in), key, false)) {
            Value k = key.apply(item);
            if (current == null || !Compare.same(args.budget(), current, k)) {
                group = new ArrayList<>();
                groups.add(Seq.tuple(shown.apply(item), Seq.list(group)));
                current = k;
            }
            group.add(item);
        }
        return Seq.list(groups);
    }

    /** Jinja's {@code map} and {@code select} take anything false, {@code none} too, for an empty sequence. */
    private static List<Value> itemsOrNone(Value in, Args args) {
        return Compare.truth(in) ? Methods.items(args.budget(), in) : List.of();
    }

    private static Value map(Value in, Args args) {
        List<Value> items = itemsOrNone(in, args);
        List<Value> mapped = new ArrayList<>(items.size());
        Value attribute = args.named().get("attribute");
        if (args.positional().isEmpty() && attribute != null) {
            UnaryOperator<Value> key = key(attribute, args.named().get("default"), false);
            items.forEach(item -> mapped.add(key.apply(item)));
        } else {
            String filter = args.text(0, "filter");
            Args rest = args.from(1);
            items.forEach(item -> mapped.add(Filters.apply(filter, item, rest)));
        }
        return Seq.generator(mapped);
    }

    private static Value choose(Value in, Args args, boolean byAttribute, boolean keep) {
        UnaryOperator<Value> key = byAttribute ? key(args.get(0, "attribute"), null, false) : UnaryOperator.identity();
        int off = byAttribute ? 1 : 0;
        Value test = args.positional().size() > off ? args.positional().get(off) : null;
        Args rest = args.from(off + 1);
        List<Value> kept = new ArrayList<>();
        for (Value item : itemsOrNone(in, args)) {
            Value value = key.apply(item);
            boolean passes = test == null
                    ? Compare.truth(value)
                    : Tests.apply(PythonText.text(args.budget(), test), value, rest);
            if (passes == keep) {
                kept.add(item);
            }
        }
        return Seq.generator(kept);
    }
}
