package dev.cutaway.text.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything a template can hold. The list is closed, so that no expression of a template, however it is put together,
 * reaches a Java object: there is nothing here that carries one.
 */
sealed interface Value {

    /** Python's name of the type, for messages. */
    String type();

    enum None implements Value {
        NONE;

        @Override
        public String type() {
            return "NoneType";
        }
    }

    record Bool(boolean value) implements Value {
        static final Bool TRUE = new Bool(true);
        static final Bool FALSE = new Bool(false);

        static Bool of(boolean value) {
            return value ? TRUE : FALSE;
        }

        @Override
        public String type() {
            return "bool";
        }
    }

    record Int(long value) implements Value {
        @Override
        public String type() {
            return "int";
        }
    }

    record Real(double value) implements Value {
        @Override
        public String type() {
            return "float";
        }
    }

    record Str(String value) implements Value {
        static final Str EMPTY = new Str("");

        @Override
        public String type() {
            return "str";
        }
    }

    /**
     * What a name, attribute or item that is not there evaluates to. It prints as nothing; nearly every other use is
     * an error with this message.
     *
     * @param message what was not there, or what a template may not touch
     */
    record Undefined(String message) implements Value {
        static Undefined of(String message) {
            return new Undefined(message);
        }

        @Override
        public String type() {
            return "Undefined";
        }
    }

    /** How Python would have held a sequence: it decides how it prints and whether it has a length and items. */
    enum Kind {
        LIST("list"),
        TUPLE("tuple"),
        RANGE("range"),
        KEYS("dict_keys"),
        VALUES("dict_values"),
        ITEMS("dict_items"),
        GENERATOR("generator");

        final String type;

        Kind(String type) {
            this.type = type;
        }

        boolean indexed() {
            return this == LIST || this == TUPLE || this == RANGE;
        }
    }

    /** A list, or something like one. Templates cannot change it. */
    record Seq(Kind kind, List<Value> items) implements Value {
        static Seq list(List<Value> items) {
            return new Seq(Kind.LIST, items);
        }

        static Seq tuple(Value... items) {
            return new Seq(Kind.TUPLE, List.of(items));
        }

        static Seq generator(List<Value> items) {
            return new Seq(Kind.GENERATOR, items);
        }

        @Override
        public String type() {
            return kind.type;
        }
    }

    /** A Python dict: ordered, keys are scalars, and 1, 1.0 and True are one key. */
    final class Dict implements Value {
        private final Map<Value, Map.Entry<Value, Value>> entries = new LinkedHashMap<>();

        void put(Value key, Value value) {
            Value slot = slot(key);
            Map.Entry<Value, Value> old = entries.get(slot);
            entries.put(slot, Map.entry(old == null ? key : old.getKey(), value));
        }

        @Nullable
        Value get(Value key) {
            Map.Entry<Value, Value> entry = entries.get(slot(key));
            return entry == null ? null : entry.getValue();
        }

        @Nullable
        Value get(String key) {
            return get(new Str(key));
        }

        Iterable<Map.Entry<Value, Value>> entries() {
            return entries.values();
        }

        List<Value> keys() {
            return entries.values().stream().map(Map.Entry::getKey).toList();
        }

        List<Value> values() {
            return entries.values().stream().map(Map.Entry::getValue).toList();
        }

        List<Value> items() {
            return entries.values().stream()
                    .map(e -> (Value) Seq.tuple(e.getKey(), e.getValue()))
                    .toList();
        }

        int size() {
            return entries.size();
        }

        private static Value slot(Value key) {
            return switch (key) {
                case Bool b -> new Int(b.value() ? 1 : 0);
                case Real r
                when r.value() == Math.rint(r.value()) && Math.abs(r.value()) < 1e18 -> new Int((long) r.value());
                case None n -> n;
                case Int i -> i;
                case Real r -> r;
                case Str s -> s;
                case Undefined u -> throw new TemplateFailure(u.message());
                case Seq s -> throw unhashable(s);
                case Dict d -> throw unhashable(d);
                case Namespace n -> throw unhashable(n);
                case Callable c -> throw unhashable(c);
                case Loop l -> throw unhashable(l);
            };
        }

        private static TemplateFailure unhashable(Value key) {
            return new TemplateFailure("a value of type " + key.type() + " cannot be a key");
        }

        @Override
        public String type() {
            return "dict";
        }
    }

    /** {@code namespace(...)}: the one thing whose attributes {@code set} may change. */
    record Namespace(Map<String, Value> attributes) implements Value {
        @Override
        public String type() {
            return "Namespace";
        }
    }

    /** A macro, a method bound to its value, or one of the environment's own functions. */
    record Callable(String name, boolean macro, Body body) implements Value {
        /** What a call does. */
        @FunctionalInterface
        interface Body {
            Value call(Args args);
        }

        static Callable function(String name, Body body) {
            return new Callable(name, false, body);
        }

        @Override
        public String type() {
            return macro ? "Macro" : "function";
        }
    }

    /** The {@code loop} variable inside a {@code for}. */
    final class Loop implements Value {
        final List<Value> items;
        final int depth0;
        int index0 = -1;

        @Nullable
        private Value lastChanged;

        final Callable.@Nullable Body again;

        Loop(List<Value> items, int depth0, Callable.@Nullable Body again) {
            this.items = items;
            this.depth0 = depth0;
            this.again = again;
        }

        /** The attribute, or null where loops have none of that name. */
        @Nullable
        Value attribute(String name) {
            int length = items.size();
            return switch (name) {
                case "index" -> new Int(index0 + 1L);
                case "index0" -> new Int(index0);
                case "revindex" -> new Int((long) length - index0);
                case "revindex0" -> new Int(length - index0 - 1L);
                case "first" -> Bool.of(index0 == 0);
                case "last" -> Bool.of(index0 == length - 1);
                case "length" -> new Int(length);
                case "depth" -> new Int(depth0 + 1L);
                case "depth0" -> new Int(depth0);
                case "previtem" -> index0 > 0 ? items.get(index0 - 1) : Undefined.of("there is no previous item");
                case "nextitem" -> index0 + 1 < length ? items.get(index0 + 1) : Undefined.of("there is no next item");
                case "cycle" -> Callable.function("cycle", this::cycle);
                case "changed" -> Callable.function("changed", this::changed);
                default -> null;
            };
        }

        private Value cycle(Args args) {
            if (args.positional().isEmpty()) {
                throw new TemplateFailure("loop.cycle() needs something to cycle through");
            }
            return args.positional().get(index0 % args.positional().size());
        }

        private Value changed(Args args) {
            Value now = new Seq(Value.Kind.TUPLE, args.positional());
            boolean changed = lastChanged == null || !args.budget().same(lastChanged, now);
            lastChanged = now;
            return Bool.of(changed);
        }

        @Override
        public String type() {
            return "LoopContext";
        }
    }
}
