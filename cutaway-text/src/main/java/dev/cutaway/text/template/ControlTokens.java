package dev.cutaway.text.template;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Marks control tokens in what people wrote, so that they can be told from the template's own after rendering. The
 * marks are Unicode noncharacters, which no text may hold; those that a text holds all the same are taken out first.
 */
final class ControlTokens {
    private static final char OPEN = '\uFDD0';
    private static final char CLOSE = '\uFDD1';
    private static final Pattern MARKS = Pattern.compile("[\uFDD0\uFDD1]");
    /** As {@code tojson(ensure_ascii=true)} writes the marks. */
    private static final Pattern ESCAPED = Pattern.compile("\\\\ufdd[01]");

    @Nullable
    private final Pattern tokens;

    ControlTokens(Collection<String> tokens) {
        List<String> longestFirst = new ArrayList<>(tokens);
        longestFirst.removeIf(String::isEmpty);
        longestFirst.sort(Comparator.comparingInt(String::length).reversed());
        this.tokens = longestFirst.isEmpty()
                ? null
                : Pattern.compile(String.join(
                        "|", longestFirst.stream().map(Pattern::quote).toList()));
    }

    /** The value with the tokens in its texts marked. Keys of maps are the program's and stay as they are. */
    @Nullable
    Object mark(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case String text -> mark(text);
            case List<?> list -> {
                List<@Nullable Object> marked = new ArrayList<>();
                list.forEach(item -> marked.add(mark(item)));
                yield marked;
            }
            case Map<?, ?> map -> {
                Map<Object, @Nullable Object> marked = new LinkedHashMap<>();
                map.forEach((key, item) -> marked.put(key, mark(item)));
                yield marked;
            }
            default -> value;
        };
    }

    private String mark(String text) {
        String plain = text.indexOf(OPEN) < 0 && text.indexOf(CLOSE) < 0
                ? text
                : MARKS.matcher(text).replaceAll("");
        return tokens == null ? plain : tokens.matcher(plain).replaceAll(OPEN + "$0" + CLOSE);
    }

    /** The text without marks, and where the marked tokens are in it. */
    static RenderedChat read(String rendered) {
        String marked = rendered.indexOf("\\ufdd") < 0
                ? rendered
                : ESCAPED.matcher(rendered).replaceAll("");
        StringBuilder text = new StringBuilder(marked.length());
        List<RenderedChat.Span> literals = new ArrayList<>();
        int open = -1;
        for (int i = 0; i < marked.length(); i++) {
            char c = marked.charAt(i);
            if (c == OPEN) {
                open = text.length();
            } else if (c == CLOSE) {
                // A template that cuts texts may have lost the other mark: without it there is no whole token.
                if (open >= 0 && open < text.length()) {
                    literals.add(new RenderedChat.Span(open, text.length()));
                }
                open = -1;
            } else {
                text.append(c);
            }
        }
        return new RenderedChat(text.toString(), literals);
    }
}
