package dev.cutaway.cli;

import dev.cutaway.tensor.BadInputException;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Token ids as people write them: separated by spaces, commas or both. */
final class Ids {
    private Ids() {}

    /**
     * Reads ids.
     *
     * @param where what to name in messages
     * @throws BadInputException naming what is no id
     */
    static int[] parse(String text, String where) {
        String plain = text.strip();
        if (plain.startsWith("[") && plain.endsWith("]")) {
            plain = plain.substring(1, plain.length() - 1).strip();
        }
        if (plain.isEmpty()) {
            return new int[0];
        }
        String[] parts = plain.split("[\\s,]+");
        return Arrays.stream(parts).mapToInt(p -> id(p, where)).toArray();
    }

    private static int id(String text, String where) {
        try {
            int id = Integer.parseInt(text);
            if (id >= 0) {
                return id;
            }
        } catch (NumberFormatException e) {
            // as below
        }
        String shown = text.length() > 40 ? text.substring(0, 40) + "..." : text;
        throw new BadInputException(
                where + ": '" + shown + "' is no token id; give whole numbers from 0, separated by spaces or commas");
    }

    static String join(int[] ids) {
        return Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "));
    }
}
