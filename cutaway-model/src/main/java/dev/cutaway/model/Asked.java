package dev.cutaway.model;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A configuration that remembers which keys somebody has asked for, so that a mistyped one can be told from one with a meaning. */
final class Asked extends AbstractMap<String, Object> {
    private final Map<String, Object> values;
    private final Set<String> keys = new LinkedHashSet<>();

    Asked(Map<String, Object> values) {
        this.values = values;
    }

    Set<String> keys() {
        return Collections.unmodifiableSet(keys);
    }

    @Override
    public @Nullable Object get(Object key) {
        keys.add(String.valueOf(key));
        return values.get(key);
    }

    @Override
    public boolean containsKey(Object key) {
        keys.add(String.valueOf(key));
        return values.containsKey(key);
    }

    @Override
    public Set<Entry<String, Object>> entrySet() {
        return values.entrySet();
    }
}
