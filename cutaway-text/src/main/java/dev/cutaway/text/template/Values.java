package dev.cutaway.text.template;

import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON-like Java values as a template's. Everything else is refused, so no Java object can get in. */
final class Values {
    private static final int MAX_DEPTH = 200;

    private Values() {}

    static Value of(@Nullable Object value) {
        return of(value, 0);
    }

    private static Value of(@Nullable Object value, int depth) {
        if (depth > MAX_DEPTH) {
            throw new UsageException(
                    "a template's variable is nested deeper than " + MAX_DEPTH + " levels; flatten it");
        }
        return switch (value) {
            case null -> Value.None.NONE;
            case String text -> new Value.Str(text);
            case Boolean b -> Value.Bool.of(b);
            case Long n -> new Value.Int(n);
            case Integer n -> new Value.Int(n);
            case Short n -> new Value.Int(n);
            case Byte n -> new Value.Int(n);
            case Number n -> new Value.Real(n.doubleValue());
            case List<?> list -> {
                List<Value> items = new ArrayList<>(list.size());
                list.forEach(item -> items.add(of(item, depth + 1)));
                yield Value.Seq.list(items);
            }
            case Map<?, ?> map -> {
                Value.Dict dict = new Value.Dict();
                map.forEach((key, item) -> dict.put(of(key, depth + 1), of(item, depth + 1)));
                yield dict;
            }
            default ->
                throw new UsageException("a template cannot take a value of type "
                        + value.getClass().getSimpleName() + "; pass text, numbers, booleans, lists and maps");
        };
    }
}
