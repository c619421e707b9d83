package dev.cutaway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a template into tokens the way Jinja does with {@code trim_blocks} and {@code lstrip_blocks} on, which is how
 * every chat template is meant to be read: one line end after a block or comment goes, and so does the space before
 * one that stands first on its line; {@code -} takes all white space on its side, {@code +} keeps it.
 */
final class Lexer {
    private static final Pattern NUMBER = Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+"
            + "|(?:\\d+_)*+\\d+(?:(?:\\.(?:\\d+_)*+\\d+)?[eE][+-]?(?:\\d+_)*+\\d+|\\.(?:\\d+_)*+\\d+)"
            + "|[1-9](?:_?\\d)*+|0(?:_?0)*+");
    private static final Pattern RAW = Pattern.compile("\\{%([-+]?)\\s*+raw\\s*+(-?)%\\}");
    private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*+endraw\\s*+([-+]?)%\\}");
    private static final String[] OPERATORS = {
        "//", "**", "==", "!=", "<=", ">=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";"
    };

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted;
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    /** The tokens of a template, {@link Type#END} last. */
    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            Matcher raw = RAW.matcher(source).region(tag, source.length());
            if (raw.lookingAt()) {
                raw(tag, raw);
                continue;
            }
            char kind = source.charAt(tag + 1);
            int sign = tag + 2;
            char mark = sign < source.length() ? source.charAt(sign) : ' ';
            data(before(source.substring(at, tag), mark, kind == '{'));
            at = tag + (mark == '-' || mark == '+' ? 3 : 2);
            switch (kind) {
                case '#' -> comment(tag);
                case '{' -> inside(Token.Type.VARIABLE_BEGIN, tag);
                default -> inside(Token.Type.BLOCK_BEGIN, tag);
            }
        }
        tokens.add(new Token(Token.Type.END, "", lineAt(source.length())));
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char c = source.charAt(i + 1);
            if (c == '{' || c == '%' || c == '#') {
                return i;
            }
        }
        return -1;
    }

    /** What is left of the text before a tag. */
    private String before(String text, char mark, boolean variable) {
        if (mark == '-') {
            return PythonText.stripEnd(text);
        }
        if (mark == '+' || variable) {
            return text;
        }
        int start = text.lastIndexOf('\n') + 1;
        boolean blank = start < text.length() && PythonText.isSpace(text.substring(start));
        return blank && (start > 0 || lineStarting) ? text.substring(0, start) : text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Token.Type.DATA, text, lineAt(at)));
        }
    }

    /** Skips what follows a tag's end; {@code mark} is the sign before it. */
    private void after(int end, char mark, boolean block) {
        at = end;
        if (mark == '-') {
            while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
                at++;
            }
        } else if (block && mark != '+' && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
        lineStarting = source.charAt(at - 1) == '\n';
    }

    private void comment(int tag) {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw failure(tag, "the comment opened here is never closed by '#}'");
        }
        char mark = end > at ? source.charAt(end - 1) : ' ';
        after(end + 2, mark, true);
    }

    private void raw(int tag, Matcher raw) {
        data(before(
                source.substring(at, tag),
                raw.group(1).isEmpty() ? ' ' : raw.group(1).charAt(0),
                false));
        at = raw.end();
        if (raw.group(2).equals("-")) {
            after(at, '-', false);
        }
        lineStarting = source.charAt(at - 1) == '\n';
        Matcher end = END_RAW.matcher(source).region(at, source.length());
        if (!end.find()) {
            throw failure(tag, "the raw block opened here is never closed by 'endraw'");
        }
        char before = end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0);
        char after = end.group(2).isEmpty() ? ' ' : end.group(2).charAt(0);
        data(before(source.substring(at, end.start()), before, false));
        after(end.end(), after, true);
    }

    private void inside(Token.Type begin, int tag) {
        boolean block = begin == Token.Type.BLOCK_BEGIN;
        tokens.add(new Token(begin, "", lineAt(tag)));
        String close = block ? "%}" : "}}";
        StringBuilder open = new StringBuilder();
        while (true) {
            while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
                at++;
            }
            if (at >= source.length()) {
                throw failure(tag, "the tag opened here is never closed by '" + close + "'");
            }
            char c = source.charAt(at);
            if (open.isEmpty()) {
                boolean marked = c == '-' || (block && c == '+');
                if (source.startsWith(close, marked ? at + 1 : at)) {
                    tokens.add(new Token(block ? Token.Type.BLOCK_END : Token.Type.VARIABLE_END, "", lineAt(at)));
                    after(at + (marked ? 3 : 2), marked ? c : ' ', block);
                    return;
                }
            }
            token(c, open);
        }
    }

    private void token(char c, StringBuilder open) {
        if (c == '\'' || c == '"') {
            string(c);
        } else if (c >= '0' && c <= '9') {
            number();
        } else if (c == '_' || Character.isLetter(c) || Character.isSurrogate(c)) {
            name();
        } else {
            operator(open);
        }
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw failure(at, "the string that starts here is never closed");
        }
        String text = source.substring(at + 1, end);
        int start = at;
        try {
            tokens.add(new Token(Token.Type.STRING, text.indexOf('\\') < 0 ? text : Escapes.decode(text), lineAt(at)));
        } catch (IllegalArgumentException e) {
            throw failure(start, "the string that starts here holds a broken escape");
        }
        at = end + 1;
    }

    private void number() {
        Matcher number = NUMBER.matcher(source).region(at, source.length());
        if (!number.lookingAt()) {
            throw failure(at, "a number cannot start with 0");
        }
        String text = number.group().replace("_", "");
        boolean prefixed = text.length() > 1 && text.charAt(0) == '0' && "bBoOxX".indexOf(text.charAt(1)) >= 0;
        boolean real = !prefixed && text.chars().anyMatch(c -> c == '.' || c == 'e' || c == 'E');
        tokens.add(new Token(real ? Token.Type.FLOAT : Token.Type.INTEGER, text, lineAt(at)));
        at = number.end();
    }

    private void name() {
        int end = at;
        while (end < source.length()) {
            int c = source.codePointAt(end);
            if (c != '_' && (!Character.isUnicodeIdentifierPart(c) || Character.isIdentifierIgnorable(c))) {
                break;
            }
            end += Character.charCount(c);
        }
        if (end == at) {
            throw failure(at, "a character that no name can hold");
        }
        tokens.add(new Token(Token.Type.NAME, source.substring(at, end), lineAt(at)));
        at = end;
    }

    private void operator(StringBuilder open) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(operator, open);
                tokens.add(new Token(Token.Type.OPERATOR, operator, lineAt(at)));
                at += operator.length();
                return;
            }
        }
        throw failure(at, "unexpected character '" + source.charAt(at) + "'");
    }

    private void balance(String operator, StringBuilder open) {
        char c = operator.charAt(0);
        int opening = "([{".indexOf(c);
        if (opening >= 0) {
            open.append(")]}".charAt(opening));
        } else if (c == ')' || c == ']' || c == '}') {
            int last = open.length() - 1;
            if (last < 0 || open.charAt(last) != c) {
                throw failure(at, "unexpected '" + c + "'");
            }
            open.setLength(last);
        }
    }

    private int lineAt(int position) {
        for (; counted < position; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }

    private TemplateSyntax failure(int position, String message) {
        int where = 1;
        for (int i = 0; i < position; i++) {
            where += source.charAt(i) == '\n' ? 1 : 0;
        }
        return new TemplateSyntax(where, message);
    }
}
