package dev.cutaway.model.sample;

import dev.cutaway.tensor.UsageException;
import java.util.Collection;
import java.util.List;

/**
 * Ends a streamed text at the first of some strings. A text arrives in pieces, and a stop string may begin in one and end
 * in another: what could be the beginning of one is held back until it is known.
 */
public final class StopStrings {
    private static final int MAX_LENGTH = 4096;

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    /** Strings to stop at; none may be empty. */
    public StopStrings(Collection<String> stops) {
        for (String stop : stops) {
            if (stop.isEmpty() || stop.length() > MAX_LENGTH) {
                throw new UsageException(
                        "a stop string of " + stop.length() + " characters; it must have 1 to " + MAX_LENGTH);
            }
        }
        this.stops = List.copyOf(stops);
    }

    /** Takes the next piece; returns what can be shown now. After a stop string nothing is. */
    public String accept(String piece) {
        if (stopped) {
            return "";
        }
        if (stops.isEmpty()) {
            return piece;
        }
        held.append(piece);
        int end = firstStop();
        if (end >= 0) {
            stopped = true;
            return take(end);
        }
        return take(held.length() - beginning());
    }

    /** What is still held back when the text ends. */
    public String finish() {
        return stopped ? "" : take(held.length());
    }

    /** Whether a stop string has come. */
    public boolean stopped() {
        return stopped;
    }

    private int firstStop() {
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }
        return first;
    }

    /** How many characters at the end may be the beginning of a stop string. */
    private int beginning() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (endsWith(stop, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private boolean endsWith(String stop, int n) {
        int from = held.length() - n;
        for (int i = 0; i < n; i++) {
            if (held.charAt(from + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private String take(int n) {
        String text = held.substring(0, n);
        held.delete(0, n);
        return text;
    }
}
