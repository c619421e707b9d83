package dev.cutaway.cli;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Which classes a text names: whole words in any case, not those inside a longer name that is there too. */
record ClassNames(List<String> names) {
    ClassNames {
        names = names.stream().map(n -> n.toLowerCase(Locale.ROOT)).toList();
    }

    /** The numbers of the classes. */
    List<Integer> in(String text) {
        String all = text.toLowerCase(Locale.ROOT);
        List<Integer> there = IntStream.range(0, names.size())
                .filter(c -> names(all, c))
                .boxed()
                .toList();
        return there.stream()
                .filter(c -> there.stream()
                        .noneMatch(o -> names.get(o).length() > names.get(c).length()
                                && names.get(o).contains(names.get(c))))
                .toList();
    }

    private boolean names(String text, int c) {
        String name = names.get(c);
        for (int at = text.indexOf(name); at >= 0 && !name.isEmpty(); at = text.indexOf(name, at + 1)) {
            int end = at + name.length();
            if ((at == 0 || !inWord(text.charAt(at - 1))) && (end == text.length() || !inWord(text.charAt(end)))) {
                return true;
            }
        }
        return false;
    }

    private static boolean inWord(char c) {
        return Character.isLetterOrDigit(c) || c == '-';
    }
}
