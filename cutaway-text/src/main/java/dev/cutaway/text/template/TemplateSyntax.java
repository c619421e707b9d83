package dev.cutaway.text.template;

/** A template that cannot be read, before its name has been added. */
final class TemplateSyntax extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    TemplateSyntax(int line, String message) {
        super(message, null, false, false);
        this.line = line;
    }

    int line() {
        return line;
    }
}
