package dev.cutaway.cli;

/** Which of the three streams a person looks at; progress bars and colours depend on it. */
final class Terminal {
    /** The launcher lists the descriptors that are terminals, for instance {@code "02"}. */
    private static final String PROPERTY = "cutaway.terminals";

    private Terminal() {}

    static boolean input() {
        return is('0');
    }

    static boolean output() {
        return is('1');
    }

    static boolean error() {
        return is('2');
    }

    /** Whether results may be coloured: on a terminal, unless the user wants none (no-color.org). */
    static boolean colours() {
        String none = System.getenv("NO_COLOR");
        return output() && (none == null || none.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
    }

    /** Columns of the terminal that standard error is; 80 where nobody tells. */
    static int columns() {
        return Columns.of(StandardError.descriptor()).orElseGet(Terminal::told);
    }

    /** Columns of the terminal that standard output is. */
    static int outputColumns() {
        return Columns.of(1).orElseGet(Terminal::told);
    }

    private static int told() {
        String columns = System.getenv("COLUMNS");
        boolean number = columns != null && columns.matches("[1-9][0-9]{1,3}");
        return number ? Integer.parseInt(columns) : 80;
    }

    @SuppressWarnings("SystemConsoleNull") // JDK 25 returns null again where nobody sits at both ends
    private static boolean is(char descriptor) {
        String listed = System.getProperty(PROPERTY);
        if (listed != null) {
            return listed.indexOf(descriptor) >= 0;
        }
        // Started by something else: the JDK only knows whether both input and output are one.
        return System.console() != null && System.console().isTerminal();
    }
}
