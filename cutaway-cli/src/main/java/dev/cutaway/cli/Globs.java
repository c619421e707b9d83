package dev.cutaway.cli;

import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.UsageException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Names chosen by globs: {@code *} stands for any characters, dots too, {@code ?} for one. */
final class Globs {
    private Globs() {}

    /**
     * The names that any of the globs matches, in the order of the names.
     *
     * @throws UsageException if a glob matches none, with the nearest name
     */
    static Set<String> match(List<String> globs, Collection<String> names) {
        Set<String> chosen = new LinkedHashSet<>();
        for (String glob : globs) {
            Pattern pattern = pattern(glob);
            List<String> found =
                    names.stream().filter(n -> pattern.matcher(n).matches()).toList();
            if (found.isEmpty()) {
                String nearest = Nearest.of(glob, names);
                throw new UsageException("--tensor " + glob + ": the model has no such tensor; the nearest is "
                        + nearest + " (--list shows all)");
            }
            chosen.addAll(found);
        }
        List<String> ordered = names.stream().filter(chosen::contains).toList();
        return new LinkedHashSet<>(ordered);
    }

    private static Pattern pattern(String glob) {
        StringBuilder regex = new StringBuilder();
        for (char c : glob.replaceAll("\\*+", "*").toCharArray()) {
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}
