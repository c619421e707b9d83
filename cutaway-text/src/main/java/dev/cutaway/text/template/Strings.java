package dev.cutaway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Work on text that string methods and filters share. */
final class Strings {
    private Strings() {}

    /** {@code text.strip(characters)}; white space where they are null. */
    static String strip(String text, @Nullable String characters, boolean start, boolean end) {
        int from = 0;
        int to = text.length();
        while (start && from < to) {
            int c = text.codePointAt(from);
            if (!strips(c, characters)) {
                break;
            }
            from += Character.charCount(c);
        }
        while (end && from < to) {
            int c = text.codePointBefore(to);
            if (!strips(c, characters)) {
                break;
            }
            to -= Character.charCount(c);
        }
        return text.substring(from, to);
    }

    private static boolean strips(int c, @Nullable String characters) {
        return characters == null ? PythonText.isSpace(c) : characters.indexOf(c) >= 0;
    }

    static List<String> split(String text, @Nullable String separator, long limit) {
        return separator == null ? splitSpace(text, limit) : splitAt(text, separator, limit);
    }

    private static List<String> splitAt(String text, String separator, long limit) {
        refuseEmpty(separator);
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int at = text.indexOf(separator);
                at >= 0 && (limit < 0 || parts.size() < limit);
                at = text.indexOf(separator, from)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<String> splitSpace(String text, long limit) {
        List<String> parts = new ArrayList<>();
        int i = 0;
        while (true) {
            while (i < text.length() && PythonText.isSpace(text.charAt(i))) {
                i++;
            }
            if (i == text.length()) {
                return parts;
            }
            if (limit >= 0 && parts.size() == limit) {
                parts.add(PythonText.stripEnd(text.substring(i)));
                return parts;
            }
            int from = i;
            while (i < text.length() && !PythonText.isSpace(text.charAt(i))) {
                i++;
            }
            parts.add(text.substring(from, i));
        }
    }

    static List<String> splitBack(String text, @Nullable String separator, long limit) {
        if (limit < 0) {
            return split(text, separator, limit);
        }
        List<String> parts = new ArrayList<>();
        String rest = separator == null ? PythonText.stripEnd(text) : text;
        if (separator != null) {
            refuseEmpty(separator);
        }
        while (parts.size() < limit) {
            int at = separator == null ? lastSpace(rest) : rest.lastIndexOf(separator);
            if (at < 0) {
                break;
            }
            int width = separator == null ? 1 : separator.length();
            parts.addFirst(rest.substring(at + width));
            rest = separator == null ? PythonText.stripEnd(rest.substring(0, at)) : rest.substring(0, at);
        }
        if (separator != null || !rest.isEmpty()) {
            parts.addFirst(rest);
        }
        return parts;
    }

    private static int lastSpace(String text) {
        for (int i = text.length() - 1; i >= 0; i--) {
            if (PythonText.isSpace(text.charAt(i))) {
                return i;
            }
        }
        return -1;
    }

    private static void refuseEmpty(String separator) {
        if (separator.isEmpty()) {
            throw new TemplateFailure("an empty separator");
        }
    }

    static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (!PythonText.isLineEnd(c)) {
                i++;
                continue;
            }
            int end = c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? i + 2 : i + 1;
            lines.add(text.substring(from, keepEnds ? end : i));
            from = end;
            i = end;
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    static String replace(Budget budget, String text, String old, String with, long count) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        long left = count < 0 ? Long.MAX_VALUE : count;
        if (old.isEmpty()) {
            return between(budget, text, with, left);
        }
        for (int at = text.indexOf(old); at >= 0 && left > 0; at = text.indexOf(old, from), left--) {
            budget.text((long) at - from + with.length());
            out.append(text, from, at).append(with);
            from = at + old.length();
        }
        return out.append(text, from, text.length()).toString();
    }

    /** Replacing the empty text puts the new one before each character and at the end. */
    private static String between(Budget budget, String text, String with, long count) {
        StringBuilder out = new StringBuilder();
        long left = count;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            if (left-- > 0) {
                budget.text(with.length() + 2L);
                out.append(with);
            }
            out.appendCodePoint(c);
            i += Character.charCount(c);
        }
        return out.append(left > 0 ? with : "").toString();
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int end = Character.charCount(text.codePointAt(0));
        return titleCase(text.codePointAt(0)) + text.substring(end).toLowerCase(Locale.ROOT);
    }

    /** {@code str.title()}: a letter after none is upper, after a letter lower. */
    static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            boolean letter = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            String one = Character.toString(c);
            out.append(!letter ? one : inside ? one.toLowerCase(Locale.ROOT) : titleCase(c));
            inside = letter;
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static String titleCase(int c) {
        int title = Character.toTitleCase(c);
        if (title != c) {
            return Character.toString(title);
        }
        // Letters whose capital is several letters (a sharp s, ligatures) keep only the first of them large.
        String upper = Character.toString(c).toUpperCase(Locale.ROOT);
        int end = Character.charCount(upper.codePointAt(0));
        return upper.substring(0, end) + upper.substring(end).toLowerCase(Locale.ROOT);
    }
}
