package dev.cutaway.model.hub;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;

/** Names of files that come from a server or a user and become paths here: they must stay below their folder. */
final class SafeNames {
    private static final int MAX_PARTS = 6;
    private static final int MAX_PART = 200;

    private SafeNames() {}

    /** Whether a relative path with {@code /} leads nowhere but down, on every system. */
    static boolean safe(String path) {
        String[] parts = path.split("/", -1);
        if (parts.length > MAX_PARTS) {
            return false;
        }
        for (String part : parts) {
            boolean dots = part.equals(".") || part.equals("..");
            if (part.isEmpty() || dots || part.length() > MAX_PART || part.endsWith(" ") || part.endsWith(".")) {
                return false;
            }
            if (part.chars().anyMatch(c -> c < 0x20 || c == 0x7f || "\\:*?\"<>|".indexOf(c) >= 0)) {
                return false;
            }
        }
        return true;
    }

    static void checkArgument(String path) {
        if (!safe(path)) {
            throw new UsageException("hf: the file name '" + shown(path) + "' leads out of its folder or is no name;"
                    + " write hf:owner/name/file");
        }
    }

    static String checkAnswer(String where, String path) {
        if (!safe(path)) {
            throw new BadInputException(where + ": names the file '" + shown(path)
                    + "', which leads out of its folder or is no name; do not use this repository");
        }
        return path;
    }

    /** The text without what would break a line or a terminal. */
    static String shown(String text) {
        String cut = text.length() > 100 ? text.substring(0, 100) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
