package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Names of classes and their numbers. */
final class Classes {
    private Classes() {}

    /**
     * The names in the order of the model's numbers.
     *
     * @param given in the recipe; empty if they are not
     * @param occurring those in the data
     */
    static List<String> of(List<String> given, DataContext context, Supplier<List<String>> occurring) {
        List<String> names = given;
        if (names.isEmpty() && !context.classNames().stream().allMatch(n -> n.matches("LABEL_[0-9]+"))) {
            names = context.classNames();
        }
        if (names.isEmpty()) {
            names = occurring.get();
        }
        if (names.size() > context.classes()) {
            throw new BadInputException(context.config().file() + ": num_labels is " + context.classes()
                    + ", the data has "
                    + names.size() + " classes (" + String.join(", ", names.subList(0, Math.min(8, names.size())))
                    + (names.size() > 8 ? " ..." : "") + "); set num_labels to " + names.size());
        }
        return names;
    }

    static Map<String, Integer> numbers(List<String> names) {
        Map<String, Integer> out = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            out.put(names.get(i), i);
        }
        return out;
    }

    static String shown(String text) {
        return "\"" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "\"";
    }
}
