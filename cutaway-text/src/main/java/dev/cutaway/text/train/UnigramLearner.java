package dev.cutaway.text.train;

import dev.cutaway.tensor.BadInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Unigram's vocabulary (Kudo, arXiv 1804.10959): from far too many pieces the probabilities are learnt by expectation maximisation
 * (with the sparse prior of Liang and Klein's variational Bayes: digamma instead of the logarithm), then those go whose loss
 * harms the text's likelihood least, until the size is reached.
 *
 * <p>The rules are those of Hugging Face's {@code UnigramTrainer}. There words come in the order of a hash table, so sums differ in
 * the last bits from run to run; here words are sorted and sums are taken over parts whose borders do not depend
 * on the number of threads. A loss is reckoned as if a piece were replaced by all others and not by
 * the few that stand in for it, which favours frequent pieces: a slip there (huggingface/tokenizers 2069), kept because vocabularies are to be the
 * same. Two differences: the vocabulary never exceeds its size, and pruning that removes nothing ends.
 */
final class UnigramLearner {
    private static final double LEAST_EXPECTED = 0.5;
    private static final double MISSING_STEP = 0.0001;

    /**
     * Settings.
     *
     * @param size most pieces, without special tokens
     * @param target what expectation maximisation shrinks to is a tenth above this: the size with special tokens
     * @param seeds most pieces to begin with
     * @param longest characters of a piece
     * @param shrinking share of the pieces that a round keeps
     * @param updates expectation and maximisation in each round
     */
    record Options(int size, int target, int seeds, int longest, double shrinking, int updates) {}

    /** A piece and the logarithm of its probability. */
    record Scored(String text, double score) {}

    private final Sentences text;
    private final Options options;
    private final Workers workers;
    private final TokenizerProgress progress;

    UnigramLearner(Words words, Options options, Workers workers, TokenizerProgress progress) {
        this.text = new Sentences(words);
        this.options = options;
        this.workers = workers;
        this.progress = progress;
    }

    /** The pieces, the most probable first. */
    List<Scored> learn() {
        int characters = text.alphabet() - (text.hasNul() ? 0 : 1);
        if (characters > options.size()) {
            throw new BadInputException("tokenizer training: vocab_size leaves room for " + options.size()
                    + " pieces, but the text has " + characters
                    + " different characters, each of which must be one; ask for more");
        }
        Pieces pieces = new SeedPieces(text, options.longest()).make(options.seeds());
        progress.report("pieces", pieces.count(), pieces.count());
        int target = (int) (options.target() * 11L / 10);
        int rounds = rounds(target, pieces.count());
        for (int round = 1; ; round++) {
            int before = pieces.count();
            for (int i = 0; i < options.updates(); i++) {
                pieces = maximise(pieces, expect(pieces));
            }
            progress.report("rounds", round, Math.max(round, rounds));
            if (pieces.count() <= target) {
                return finish(pieces);
            }
            pieces = prune(pieces, target);
            if (pieces.count() == before) {
                return finish(pieces);
            }
        }
    }

    private int rounds(int target, int count) {
        return Math.max(1, 1 + (int) ((Math.log(target) - Math.log(count)) / Math.log(options.shrinking())));
    }

    private double[] expect(Pieces pieces) {
        PieceTrie trie = new PieceTrie(pieces, text.alphabet());
        return workers.sum(pieces.count(), text.size(), (from, to, sums) -> {
            Lattice lattice = new Lattice(trie);
            for (int w = from; w < to; w++) {
                lattice.read(text.symbols(), text.begin(w), text.length(w));
                lattice.expect((double) text.times(w), sums);
            }
        });
    }

    private static Pieces maximise(Pieces pieces, double[] expected) {
        Pieces out = pieces.none();
        out.addUnknown();
        double sum = 0;
        for (int i = 1; i < pieces.count(); i++) {
            if (expected[i] >= LEAST_EXPECTED) {
                sum += expected[i];
            }
        }
        double log = digamma(sum);
        for (int i = 1; i < pieces.count(); i++) {
            if (expected[i] >= LEAST_EXPECTED) {
                out.add(pieces.begin(i), pieces.length(i), digamma(expected[i]) - log);
            }
        }
        return out;
    }

    /** The logarithmic derivative of the gamma function, by its recurrence and asymptotic series. */
    static double digamma(double value) {
        double x = value;
        double result = 0;
        for (; x < 7; x++) {
            result -= 1 / x;
        }
        x -= 0.5;
        double x2 = 1 / (x * x);
        double x4 = x2 * x2;
        return result
                + Math.log(x)
                + (1.0 / 24) * x2
                - 7.0 / 960 * x4
                + (31.0 / 8064) * x4 * x2
                - (127.0 / 30720) * x4 * x4;
    }

    /** A piece, and by how much the text's likelihood falls without it. */
    private record Loss(int piece, double loss) {}

    private Pieces prune(Pieces pieces, int target) {
        PieceTrie trie = new PieceTrie(pieces, text.alphabet());
        double[] used = workers.sum(pieces.count(), text.size(), (from, to, sums) -> {
            Lattice lattice = new Lattice(trie);
            int[] way = new int[16];
            for (int w = from; w < to; w++) {
                way = way.length < text.length(w) ? new int[2 * text.length(w)] : way;
                lattice.read(text.symbols(), text.begin(w), text.length(w));
                int n = lattice.best(false, way);
                for (int i = 0; i < n; i++) {
                    sums[way[i]] += text.times(w);
                }
            }
        });
        Pieces kept = pieces.none();
        kept.addUnknown();
        List<Loss> candidates = losses(pieces, trie, used, kept);
        candidates.sort(Comparator.comparingDouble(l -> -l.loss()));
        int size = Math.max(target, (int) (pieces.count() * options.shrinking()));
        for (Loss candidate : candidates) {
            if (kept.count() >= size) {
                break;
            }
            int i = candidate.piece();
            kept.add(pieces.begin(i), pieces.length(i), pieces.score(i));
        }
        return kept;
    }

    /** Pieces that can be replaced, with what that costs; those that cannot go to {@code kept}, unused ones nowhere. */
    private List<Loss> losses(Pieces pieces, PieceTrie trie, double[] used, Pieces kept) {
        double total = text.total();
        double sum = Arrays.stream(used).sum();
        double logSum = Math.log(sum);
        List<Loss> out = new ArrayList<>();
        Lattice lattice = new Lattice(trie);
        int[] way = new int[options.longest() + 1];
        for (int i = 1; i < pieces.count(); i++) {
            lattice.read(text.symbols(), pieces.begin(i), pieces.length(i));
            boolean whole = lattice.best(false, way) == 1;
            int n = whole ? lattice.best(true, way) : 0;
            if (n == 0) { // no other way, or a better one that is taken anyway
                if (whole || used[i] > 0) {
                    kept.add(pieces.begin(i), pieces.length(i), pieces.score(i));
                }
                continue;
            }
            if (used[i] == 0) {
                continue;
            }
            double logAfter = Math.log(sum + used[i] * (pieces.count() - 1));
            double after = 0;
            for (int k = n - 1; k >= 0; k--) {
                after += Math.log(used[way[k]] + used[i]) - logAfter;
            }
            out.add(new Loss(i, used[i] / total * (Math.log(used[i]) - logSum - after)));
        }
        return out;
    }

    /** Every character, then the rest in their order until the vocabulary is full, sorted by score. */
    private List<Scored> finish(Pieces pieces) {
        double least = pieces.least();
        Map<Integer, Integer> characters = new HashMap<>();
        for (int i = 1; i < pieces.count(); i++) {
            if (pieces.length(i) == 1) {
                characters.put(pieces.symbol(i, 0), i);
            }
        }
        List<Scored> out = new ArrayList<>();
        double penalty = 0;
        if (text.hasNul()) { // ends words while training, but is a character like any other in the end
            out.add(new Scored("\0", least));
            penalty += MISSING_STEP;
        }
        for (int symbol = 1; symbol < text.alphabet(); symbol++) {
            Integer known = characters.get(symbol);
            if (known == null) {
                out.add(new Scored(text.text(text.firstPlace(symbol), 1), least + penalty));
                penalty += MISSING_STEP;
            } else {
                out.add(new Scored(text.text(pieces.begin(known), 1), pieces.score(known)));
            }
        }
        Function<Integer, Scored> scored =
                i -> new Scored(text.text(pieces.begin(i), pieces.length(i)), pieces.score(i));
        IntStream.range(1, pieces.count())
                .filter(i -> pieces.length(i) > 1)
                .limit(Math.max(0, options.size() - out.size()))
                .boxed()
                .map(scored)
                .forEach(out::add);
        out.sort(Comparator.comparingDouble(s -> -s.score()));
        return out;
    }
}
