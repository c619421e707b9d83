package dev.cutaway.text.template;

/** Python's escapes in string literals. */
final class Escapes {
    private Escapes() {}

    /**
     * The text that a literal's body stands for; an unknown escape stays as it is.
     *
     * @throws IllegalArgumentException where digits are missing
     */
    static String decode(String body) {
        StringBuilder out = new StringBuilder(body.length());
        int i = 0;
        while (i < body.length()) {
            char c = body.charAt(i++);
            if (c != '\\' || i == body.length()) {
                out.append(c);
                continue;
            }
            char e = body.charAt(i++);
            switch (e) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(e);
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000b');
                case 'x' -> i = hex(body, i, 2, out);
                case 'u' -> i = hex(body, i, 4, out);
                case 'U' -> i = hex(body, i, 8, out);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> i = octal(body, i - 1, out);
                case 'N' -> i = named(body, i, out);
                default -> out.append('\\').append(e);
            }
        }
        return out.toString();
    }

    private static int hex(String body, int from, int digits, StringBuilder out) {
        if (from + digits > body.length()) {
            throw new IllegalArgumentException("truncated escape");
        }
        int code = Integer.parseUnsignedInt(body.substring(from, from + digits), 16);
        out.appendCodePoint(code);
        return from + digits;
    }

    private static int octal(String body, int from, StringBuilder out) {
        int code = 0;
        int i = from;
        while (i < body.length() && i < from + 3 && body.charAt(i) >= '0' && body.charAt(i) <= '7') {
            code = code * 8 + body.charAt(i++) - '0';
        }
        out.append((char) code);
        return i;
    }

    private static int named(String body, int from, StringBuilder out) {
        int end = body.indexOf('}', from);
        if (from >= body.length() || body.charAt(from) != '{' || end < 0) {
            throw new IllegalArgumentException("malformed character name");
        }
        out.appendCodePoint(Character.codePointOf(body.substring(from + 1, end)));
        return end + 1;
    }
}
