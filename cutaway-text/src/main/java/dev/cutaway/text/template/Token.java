package dev.cutaway.text.template;

/**
 * A piece of a template.
 *
 * @param type what it is
 * @param text its text: data, a name, a string's contents, a number as written, an operator
 * @param line counted from 1
 */
record Token(Type type, String text, int line) {
    enum Type {
        DATA,
        VARIABLE_BEGIN,
        VARIABLE_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(String operator) {
        return type == Type.OPERATOR && text.equals(operator);
    }

    boolean named(String name) {
        return type == Type.NAME && text.equals(name);
    }

    String shown() {
        return switch (type) {
            case END -> "the end of the template";
            case VARIABLE_END -> "'}}'";
            case BLOCK_END -> "'%}'";
            default -> "'" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "'";
        };
    }
}
