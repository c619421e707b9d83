package dev.cutaway.cli;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.MissingResourceException;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * Where {@link System.Logger} leads in the command: warnings and errors as one line on standard error, everything from
 * information upwards with {@code --verbose}. Libraries that log through {@code System.Logger} (Helidon does) come here too.
 */
public final class Log extends System.LoggerFinder {
    private static volatile boolean verbose;

    /** For the service loader. */
    public Log() {}

    static void verbose(boolean on) {
        verbose = on;
    }

    static boolean verbose() {
        return verbose;
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Lines(name);
    }

    private record Lines(String name) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            // What the web server has to say about a connection that broke is nothing for the user.
            Level quiet = name.startsWith("io.helidon") ? Level.ERROR : Level.WARNING;
            Level least = verbose ? Level.INFO : quiet;
            return level != Level.OFF && level.getSeverity() >= least.getSeverity();
        }

        @Override
        public void log(
                Level level, @Nullable ResourceBundle bundle, @Nullable String text, @Nullable Throwable thrown) {
            if (isLoggable(level)) {
                write(level, translate(bundle, text), thrown);
            }
        }

        @Override
        public void log(
                Level level, @Nullable ResourceBundle bundle, @Nullable String format, @Nullable Object... params) {
            if (isLoggable(level)) {
                String text = translate(bundle, format);
                write(level, params == null || params.length == 0 ? text : MessageFormat.format(text, params), null);
            }
        }

        private void write(Level level, String text, @Nullable Throwable thrown) {
            String line = level.getName().toLowerCase(Locale.ROOT) + ": " + text;
            System.err.println(verbose ? line + " [" + name + "]" : line);
            if (thrown != null && verbose) {
                thrown.printStackTrace();
            }
        }

        private static String translate(@Nullable ResourceBundle bundle, @Nullable String text) {
            if (text == null) {
                return "";
            }
            try {
                return bundle == null ? text : bundle.getString(text);
            } catch (MissingResourceException e) {
                return text;
            }
        }
    }
}
