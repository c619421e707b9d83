package dev.cutaway.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The evaluated arguments of a call, a filter or a test. */
record Args(Budget budget, List<Value> positional, Map<String, Value> named) {

    static Args of(Budget budget, Value... positional) {
        return new Args(budget, List.of(positional), Map.of());
    }

    /** The argument at this place or of this name, or null. */
    @Nullable
    Value find(int place, String name) {
        if (place >= 0 && place < positional.size()) {
            return positional.get(place);
        }
        return named.get(name);
    }

    Value get(int place, String name) {
        Value value = find(place, name);
        if (value == null) {
            throw new TemplateFailure("the argument '" + name + "' is missing");
        }
        return value;
    }

    Value get(int place, String name, Value otherwise) {
        Value value = find(place, name);
        return value == null ? otherwise : value;
    }

    String text(int place, String name) {
        return asText(name, get(place, name));
    }

    String text(int place, String name, String otherwise) {
        Value value = find(place, name);
        return value == null ? otherwise : asText(name, value);
    }

    /** A text argument that may be left out or {@code none}. */
    @Nullable
    String optionalText(int place, String name) {
        Value value = find(place, name);
        return value == null || value == Value.None.NONE ? null : asText(name, value);
    }

    long integer(int place, String name) {
        return asInteger(name, get(place, name));
    }

    long integer(int place, String name, long otherwise) {
        Value value = find(place, name);
        return value == null || value == Value.None.NONE ? otherwise : asInteger(name, value);
    }

    boolean flag(int place, String name, boolean otherwise) {
        Value value = find(place, name);
        return value == null ? otherwise : Compare.truth(value);
    }

    int size() {
        return positional.size() + named.size();
    }

    /** The arguments from this place on. */
    Args from(int place) {
        return new Args(budget, positional.subList(Math.min(place, positional.size()), positional.size()), named);
    }

    private static String asText(String name, Value value) {
        if (value instanceof Value.Str(String text)) {
            return text;
        }
        throw new TemplateFailure("the argument '" + name + "' must be a string, not " + value.type());
    }

    private static long asInteger(String name, Value value) {
        return switch (value) {
            case Value.Int(long v) -> v;
            case Value.Bool(boolean v) -> v ? 1 : 0;
            default -> throw new TemplateFailure("the argument '" + name + "' must be an integer, not " + value.type());
        };
    }
}
