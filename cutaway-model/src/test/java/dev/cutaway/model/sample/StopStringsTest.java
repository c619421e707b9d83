package dev.cutaway.model.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StopStringsTest {
    @Test
    void holdsBackWhatMayBeginAStop() {
        StopStrings stop = new StopStrings(List.of("\n\nUser:", "END"));
        assertThat(stop.accept("Hello\n")).isEqualTo("Hello");
        assertThat(stop.accept("\n")).isEmpty();
        assertThat(stop.accept("Use it")).isEqualTo("\n\nUse it");
        assertThat(stop.accept("E")).isEmpty();
        assertThat(stop.accept("N")).isEmpty();
        assertThat(stop.accept("x EN")).isEqualTo("ENx ");
        assertThat(stop.accept("D of it")).isEmpty();
        assertThat(stop.stopped()).isTrue();
        assertThat(stop.accept("more")).isEmpty();
        assertThat(stop.finish()).isEmpty();
    }

    @Test
    void theEndGivesBackWhatWasHeld() {
        StopStrings stop = new StopStrings(List.of("STOP"));
        assertThat(stop.accept("a STO")).isEqualTo("a ");
        assertThat(stop.finish()).isEqualTo("STO");
        assertThat(stop.stopped()).isFalse();
    }

    @Test
    void theFirstStopInTheTextCounts() {
        StopStrings stop = new StopStrings(List.of("late", "b"));
        assertThat(stop.accept("a b late")).isEqualTo("a ");
    }

    @Test
    void noStopsPassEverything() {
        StopStrings stop = new StopStrings(List.of());
        assertThat(stop.accept("x")).isEqualTo("x");
        assertThat(stop.finish()).isEmpty();
    }

    @Test
    void emptyAndHugeStopsAreRefused() {
        assertThatThrownBy(() -> new StopStrings(List.of(""))).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> new StopStrings(List.of("x".repeat(5000)))).isInstanceOf(UsageException.class);
    }

    /** However a text is cut into pieces, what is shown is the text up to the first stop. */
    @Test
    void piecesDoNotMatter() {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 2000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 12; i++) {
                text.append("ab".charAt(random.nextInt(2)));
            }
            List<String> stops = List.of("aab", "bbb", "abaab");
            int end = text.length();
            for (String s : stops) {
                int at = text.indexOf(s);
                end = at >= 0 ? Math.min(end, at) : end;
            }
            StopStrings stop = new StopStrings(stops);
            StringBuilder shown = new StringBuilder();
            for (int i = 0; i < text.length(); ) {
                int n = Math.min(text.length(), i + 1 + random.nextInt(3));
                shown.append(stop.accept(text.substring(i, n)));
                i = n;
            }
            shown.append(stop.finish());
            assertThat(shown.toString()).as("round %d, text %s", round, text).hasToString(expected(text, stops, end));
        }
    }

    /** A stop that ends earlier wins even where another would have begun earlier: text is judged as it comes. */
    private static String expected(StringBuilder text, List<String> stops, int end) {
        for (int n = 1; n <= text.length(); n++) {
            for (String s : stops) {
                if (n >= s.length() && text.substring(n - s.length(), n).equals(s)) {
                    int first = n - s.length();
                    for (String other : stops) {
                        int at = text.substring(0, n).indexOf(other);
                        first = at >= 0 ? Math.min(first, at) : first;
                    }
                    return text.substring(0, first);
                }
            }
        }
        return text.substring(0, end);
    }
}
