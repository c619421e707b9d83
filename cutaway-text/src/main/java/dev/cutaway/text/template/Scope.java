package dev.cutaway.text.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables of one block and those around it. */
final class Scope {
    private final Map<String, Value> variables = new HashMap<>();

    @Nullable
    private final Scope around;

    Scope(@Nullable Scope around) {
        this.around = around;
    }

    void set(String name, Value value) {
        variables.put(name, value);
    }

    @Nullable
    Value find(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            Value value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }
}
