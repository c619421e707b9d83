package dev.cutaway.text.template;

/** A failure inside a template, before the interpreter has added the template's name and line. */
final class TemplateFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Who has to do something about it. */
    enum Cause {
        /** The template is wrong, or uses what is not supported. */
        TEMPLATE,
        /** The template itself refused the conversation ({@code raise_exception}). */
        REFUSED,
        /** One of the {@link TemplateLimits} was reached. */
        LIMIT
    }

    private final Cause kind;

    TemplateFailure(String message) {
        this(Cause.TEMPLATE, message);
    }

    TemplateFailure(Cause kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    Cause kind() {
        return kind;
    }
}
