package dev.cutaway.text.train;

import dev.cutaway.tensor.BadInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Byte-pair encoding (Gage 1994; Sennrich, Haddow and Birch, arXiv 1508.07909): the pair of symbols that occurs most often becomes a
 * symbol, again and again.
 *
 * <p>Counts are kept and mended, never taken anew: each pair knows the words that it was seen in, and merging it changes only
 * those. A heap holds the pairs by the count that they had when they were put in; one whose count has fallen since goes back with the
 * new one when it comes up. All decisions are those of Hugging Face's {@code BpeTrainer}: of pairs that occur equally often the one with the
 * lower ids comes first, special tokens and the alphabet have the first ids, and counts of overlapping pairs ({@code aaa})
 * are mended by its rule, even where that leaves a count too high. Where that library leaves things to the order of a hash table
 * (ids of {@code ##a}, which rare characters go) the order is that of code points.
 */
final class MergeLearner {
    /**
     * Settings.
     *
     * @param size most tokens, special ones included
     * @param minFrequency pairs that occur less often are not merged
     * @param special the first tokens
     * @param alphabet characters that are tokens whether they occur or not
     * @param mostCharacters of more different ones the rarest are dropped from the text
     * @param prefix begins each symbol that does not begin a word ({@code ##}), or empty
     * @param longest merged symbols are shorter than this, in characters
     */
    record Options(
            int size,
            long minFrequency,
            List<String> special,
            Set<Integer> alphabet,
            int mostCharacters,
            String prefix,
            int longest) {}

    /** The tokens by id, and pairs of them in the order in which they are merged. */
    record Learnt(List<String> tokens, List<long[]> merges) {}

    private final Words words;
    private final Options options;
    private final TokenizerProgress progress;
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<String> tokens = new ArrayList<>();
    private int[] lengths = new int[1 << 10]; // of tokens, in characters

    private int[] symbols = new int[0]; // of all words
    private int[] begins = new int[0];
    private int[] sizes = new int[0];
    private final Pairs pairs = new Pairs();

    MergeLearner(Words words, Options options, TokenizerProgress progress) {
        this.words = words;
        this.options = options;
        this.progress = progress;
    }

    Learnt learn() {
        options.special().forEach(this::token);
        int[] first = alphabet();
        int[] later = options.prefix().isEmpty() ? first : continuing(first);
        if (tokens.size() > options.size()) {
            throw new BadInputException("tokenizer training: vocab_size is " + options.size() + ", but "
                    + options.special().size() + " special tokens and the text's characters are " + tokens.size()
                    + "; ask for more"
                    + (options.mostCharacters() == Integer.MAX_VALUE ? "" : ", or lower limit_alphabet"));
        }
        spell(first, later);
        countPairs();
        List<long[]> merges = merges();
        return new Learnt(List.copyOf(tokens), merges);
    }

    private int token(String text) {
        Integer known = ids.putIfAbsent(text, tokens.size());
        if (known != null) {
            return known;
        }
        tokens.add(text);
        return tokens.size() - 1;
    }

    private void length(int id, int length) {
        if (id >= lengths.length) {
            lengths = Arrays.copyOf(lengths, 2 * id);
        }
        lengths[id] = length;
    }

    /** Ids by code point, -1 for those that are not kept. */
    private int[] alphabet() {
        Map<Integer, long[]> counts = new HashMap<>();
        for (int i = 0; i < words.size(); i++) {
            long times = words.counts()[i];
            words.texts()[i].codePoints().forEach(c -> counts.computeIfAbsent(c, k -> new long[1])[0] += times);
        }
        options.alphabet().forEach(c -> counts.put(c, new long[] {Long.MAX_VALUE}));
        List<Integer> kept = counts.entrySet().stream()
                .sorted(Comparator.<Map.Entry<Integer, long[]>>comparingLong(e -> -e.getValue()[0])
                        .thenComparing(Map.Entry::getKey))
                .limit(options.mostCharacters())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        int[] id = new int[Math.max(words.alphabetEnd(), kept.isEmpty() ? 0 : kept.getLast() + 1)];
        Arrays.fill(id, -1);
        for (int c : kept) {
            id[c] = token(Character.toString(c));
            length(id[c], 1);
        }
        return id;
    }

    /** Ids of characters that do not begin a word. */
    private int[] continuing(int[] first) {
        boolean[] used = new boolean[first.length];
        for (String word : words.texts()) {
            for (int at = Character.charCount(word.codePointAt(0)); at < word.length(); ) {
                int c = word.codePointAt(at);
                used[c] = true;
                at += Character.charCount(c);
            }
        }
        int[] id = new int[first.length];
        Arrays.fill(id, -1);
        for (int c = 0; c < id.length; c++) {
            if (used[c] && first[c] >= 0) {
                id[c] = token(options.prefix() + Character.toString(c));
                length(id[c], 1);
            }
        }
        return id;
    }

    /** Writes every word as symbols; characters that are not in the alphabet are left out. */
    private void spell(int[] first, int[] later) {
        long room = 0;
        for (String word : words.texts()) {
            room += word.length();
        }
        if (room > Integer.MAX_VALUE - 16) {
            throw TooLarge.of(room + " characters in different words");
        }
        symbols = new int[(int) room];
        begins = new int[words.size()];
        sizes = new int[words.size()];
        int n = 0;
        for (int w = 0; w < words.size(); w++) {
            String word = words.texts()[w];
            begins[w] = n;
            for (int at = 0; at < word.length(); ) {
                int c = word.codePointAt(at);
                int id = at == 0 ? first[c] : later[c];
                at += Character.charCount(c);
                if (id >= 0) {
                    symbols[n++] = id;
                }
            }
            sizes[w] = n - begins[w];
        }
    }

    private void countPairs() {
        for (int w = 0; w < words.size(); w++) {
            for (int i = begins[w]; i < begins[w] + sizes[w] - 1; i++) {
                pairs.more(symbols[i], symbols[i + 1], words.counts()[w], w);
            }
        }
        pairs.enqueueSeen();
    }

    private List<long[]> merges() {
        Map<Long, Integer> place = new HashMap<>(); // of a pair: merged twice, it counts where it was last
        List<long[]> merges = new ArrayList<>();
        int before = tokens.size();
        while (tokens.size() < options.size()) {
            Pairs.Candidate top = pairs.best();
            if (top == null || top.count() < Math.max(1, options.minFrequency())) {
                break;
            }
            int a = (int) (top.key() >>> 32);
            int b = (int) top.key();
            String right = tokens.get(b);
            if (!options.prefix().isEmpty() && right.startsWith(options.prefix())) {
                right = right.substring(options.prefix().length());
            }
            int merged = token(tokens.get(a) + right);
            length(merged, lengths[a] + lengths[b]);
            Integer earlier = place.put(top.key(), merges.size());
            if (earlier != null) {
                merges.set(earlier, new long[0]);
            }
            merges.add(new long[] {a, b});
            mergeWhereSeen(top, a, b, merged);
            if ((merges.size() & 0xFF) == 0) {
                progress.report("merges", tokens.size() - before, options.size() - before);
            }
        }
        progress.report("merges", tokens.size() - before, tokens.size() - before);
        merges.removeIf(m -> m.length == 0);
        return merges;
    }

    /** A method of its own, so that the JVM compiles it as one and not as a part of the loop around it, which runs only once. */
    private void mergeWhereSeen(Pairs.Candidate top, int a, int b, int merged) {
        for (int i = 0; i < top.places(); i++) {
            merge(top.words()[i], a, b, merged);
        }
        pairs.enqueueSeen();
    }

    /** Writes {@code merged} for every {@code a b} in a word and mends the counts of the pairs around. */
    private void merge(int word, int a, int b, int merged) {
        int begin = begins[word];
        int size = sizes[word];
        long times = words.counts()[word];
        int room = options.longest() - lengths[merged];
        int out = begin;
        int i = begin;
        while (i < begin + size) {
            if (symbols[i] != a || i + 1 == begin + size || symbols[i + 1] != b) {
                symbols[out++] = symbols[i++];
                continue;
            }
            if (out > begin) {
                int before = symbols[out - 1];
                pairs.less(before, a, times);
                if (lengths[before] < room) {
                    pairs.more(before, merged, times, word);
                }
            }
            if (i + 2 < begin + size) {
                int after = symbols[i + 2];
                pairs.less(b, after, times);
                if (lengths[after] < room) {
                    pairs.more(merged, after, times, word);
                }
            }
            symbols[out++] = merged;
            i += 2;
        }
        sizes[word] = out - begin;
    }
}
