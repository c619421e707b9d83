package dev.cutaway.text.template;

import java.util.List;

/** The tokens with a place in them; shared by the parsers of statements and of expressions. */
final class TokenStream {
    /** Nesting of the source; also keeps the parser off the end of the stack. */
    private static final int MAX_DEPTH = 200;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = current();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean skip(String operator) {
        boolean is = current().is(operator);
        if (is) {
            next();
        }
        return is;
    }

    boolean skipName(String name) {
        boolean is = current().named(name);
        if (is) {
            next();
        }
        return is;
    }

    void expect(String operator) {
        if (!skip(operator)) {
            throw failure("expected '" + operator + "', found " + current().shown());
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw failure("expected '" + name + "', found " + current().shown());
        }
    }

    Token expect(Token.Type type) {
        if (current().type() != type) {
            throw failure("expected " + new Token(type, "a name", 0).shown() + ", found "
                    + current().shown());
        }
        return next();
    }

    void enter() {
        if (++depth > MAX_DEPTH) {
            throw failure("nested deeper than " + MAX_DEPTH + " levels");
        }
    }

    void leave() {
        depth--;
    }

    TemplateSyntax failure(String message) {
        return new TemplateSyntax(current().line(), message);
    }
}
