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
