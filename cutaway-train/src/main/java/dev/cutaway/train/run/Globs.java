package dev.cutaway.train.run;

import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.UsageException;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Weights chosen by globs over checkpoint names: {@code *} stands for any characters, dots too, {@code ?} for one. */
final class Globs {
    private Globs() {}

    /**
     * Whether any of the globs matches.
     *
     * @param key the recipe's key, for messages
     * @throws UsageException if a glob matches none of the names
     */
    static Predicate<String> of(String key, List<String> globs, Collection<String> names) {
        List<Pattern> patterns = globs.stream().map(Globs::pattern).toList();
        for (int i = 0; i < patterns.size(); i++) {
            Pattern p = patterns.get(i);
            if (names.stream().noneMatch(n -> p.matcher(n).matches())) {
                throw new UsageException(key + ": " + globs.get(i) + " matches no weight of the model; the nearest is "
                        + Nearest.of(globs.get(i), names));
            }
        }
        return n -> patterns.stream().anyMatch(p -> p.matcher(n).matches());
    }

    private static Pattern pattern(String glob) {
        StringBuilder regex = new StringBuilder();
        for (char c : glob.replaceAll("\\*+", "*").toCharArray()) {
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}
