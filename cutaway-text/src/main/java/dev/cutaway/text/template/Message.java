package dev.cutaway.text.template;

import dev.cutaway.tensor.UsageException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One turn of a conversation: JSON-like values by name. {@code role} and {@code content} are the usual ones; anything
 * else ({@code tool_calls}, {@code reasoning_content}, {@code name} ...) reaches the template as it is.
 *
 * @param values text, numbers, booleans, nulls, lists and maps of these
 */
public record Message(Map<String, ?> values) {

    public Message {
        if (!values.containsKey("role")) {
            throw new UsageException("a message without a role: " + values.keySet() + "; give it one, such as user");
        }
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** A turn with a role and text. */
    public static Message of(String role, String content) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("role", role);
        values.put("content", content);
        return new Message(values);
    }

    /** What the user says. */
    public static Message user(String content) {
        return of("user", content);
    }

    /** What the model answered. */
    public static Message assistant(String content) {
        return of("assistant", content);
    }

    /** What the model is told beforehand. */
    public static Message system(String content) {
        return of("system", content);
    }
}
