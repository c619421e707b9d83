package dev.cutaway.text.subword;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.trace.Steps;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Unigram (Kudo, arXiv 1804.10959): of all ways to write a text as pieces, the one with the highest sum of log
 * probabilities. The best way to each place follows from the best ways to the places before it (Viterbi), so time is linear in the
 * text. The arithmetic follows the implementation that the vocabulary belongs to, since sums that are nearly equal
 * decide: doubles in Hugging Face's, floats in SentencePiece's.
 */
public final class Unigram implements Model {
    private static final double UNKNOWN_PENALTY = 10;
    private static final double SUM_LIMIT = 100_000;

    /**
     * Settings.
     *
     * @param unknown id for characters that no piece has, -1 if there is none
     * @param byteFallback such characters become {@code <0xHH>} tokens
     * @param floats sums are rounded to float, as SentencePiece does
     */
    public record Options(int unknown, boolean byteFallback, boolean floats) {}

    private final PieceTable pieces;
    private final double[] scores;
    private final Options options;
    private final BitSet userDefined;
    private final Trie trie = new Trie();
    private final int[] byteIds;
    private final double unknownScore;
    private final String where;

    /**
     * A model.
     *
     * @param scores log probability of each id
     * @param usable ids that may occur in a text (not control, unknown or byte tokens)
     * @param userDefined ids that are always chosen where they fit
     * @param scored ids whose scores count for the lowest score
     */
    public Unigram(
            PieceTable pieces,
            double[] scores,
            BitSet usable,
            BitSet userDefined,
            BitSet scored,
            Options options,
            String where) {
        this.pieces = pieces;
        this.scores = scores.clone();
        this.options = options;
        this.userDefined = (BitSet) userDefined.clone();
        this.where = where;
        this.byteIds = Bpe.byteIds(pieces);
        double min = Double.POSITIVE_INFINITY;
        for (int id = 0; id < scores.length; id++) {
            String piece = pieces.piece(id);
            if (usable.get(id) && piece != null && !piece.isEmpty()) {
                trie.add(piece, id);
            }
            if (scored.get(id)) {
                min = Math.min(min, scores[id]);
            }
        }
        this.unknownScore = options.floats ? (float) (min - UNKNOWN_PENALTY) : min - UNKNOWN_PENALTY;
    }

    /** Best ways to each place of a text. */
    private static final class Best {
        final int[] from;
        final int[] id;
        final double[] score;

        Best(int n) {
            from = new int[n + 1];
            id = new int[n + 1];
            score = new double[n + 1];
            java.util.Arrays.fill(from, -1);
        }
    }

    /** Sees every piece that fits somewhere. */
    private interface Edges {
        void edge(int from, int to, int id, double score, boolean unknown);
    }

    private Best viterbi(String text, int from, int to, @Nullable Edges edges) {
        Best best = new Best(to - from);
        char[] units = new char[to - from];
        text.getChars(from, to, units, 0);
        for (int at = from; at < to; ) {
            boolean pair = Character.isHighSurrogate(units[at - from])
                    && at + 1 < to
                    && Character.isLowSurrogate(units[at + 1 - from]);
            int single = pair ? at + 2 : at + 1;
            rebase(best, at - from);
            double here = best.score[at - from];
            boolean known = false;
            int node = 0;
            for (int end = at + 1; end <= to; end++) {
                node = trie.next(node, units[end - 1 - from]);
                if (node < 0) {
                    break;
                }
                int id = trie.id(node);
                if (id >= 0) {
                    double score = userDefined.get(id) ? userScore(text, at, end) : scores[id];
                    if (edges != null) {
                        edges.edge(at, end, id, score, false);
                    }
                    relax(best, at - from, end - from, id, sum(score, here));
                    known |= end == single;
                }
            }
            if (!known) {
                if (edges != null) {
                    edges.edge(at, single, options.unknown, unknownScore, true);
                }
                relax(best, at - from, single - from, options.unknown, sum(unknownScore, here));
            }
            at = single;
        }
        return best;
    }

    /** SentencePiece's bonus that makes a user-defined symbol win. */
    private static double userScore(String text, int from, int to) {
        int bytes = text.substring(from, to).getBytes(StandardCharsets.UTF_8).length;
        return (float) (0.1 * (bytes - 1));
    }

    /** SentencePiece starts counting anew where sums have grown so large that floats lose precision. */
    private void rebase(Best best, int at) {
        double here = best.score[at];
        if (!options.floats || Math.abs(here) <= SUM_LIMIT) {
            return;
        }
        for (int i = at; i < best.score.length && i <= at + pieces.longest(); i++) {
            if (i == at || best.from[i] >= 0) {
                best.score[i] = (float) best.score[i] - (float) here;
            }
        }
    }

    private double sum(double a, double b) {
        return options.floats ? (float) a + (float) b : a + b;
    }

    private static void relax(Best best, int from, int to, int id, double sum) {
        if (best.from[to] < 0 || sum > best.score[to]) {
            best.from[to] = from;
            best.id[to] = id;
            best.score[to] = sum;
        }
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        Best best = viterbi(text, from, to, null);
        Tokens path = new Tokens();
        for (int end = to - from; end > 0; end = best.from[end]) {
            path.add(best.id[end], from + best.from[end], from + end);
        }
        for (int i = path.count() - 1; i >= 0; i--) {
            int id = path.id(i);
            int begin = path.from(i);
            int end = path.to(i);
            if (id == options.unknown) { // neighbours that nothing is known about are one
                while (i > 0 && path.id(i - 1) == options.unknown) {
                    end = path.to(--i);
                }
                unknown(text, begin, end, out);
            } else {
                out.add(id, begin, end);
            }
        }
    }

    private void unknown(String text, int from, int to, Tokens out) {
        int spelled = options.floats ? -1 : pieces.find(text, from, to); // the unknown token's own text
        if (spelled >= 0) {
            out.add(spelled, from, to);
            return;
        }
        if (options.byteFallback && addBytes(byteIds, text, from, to, out)) {
            return;
        }
        if (options.unknown < 0) {
            throw new BadInputException(where + ": the text has \"" + PieceTable.shorten(text.substring(from, to))
                    + "\", which no piece has, and the vocabulary has no unknown token; leave it out");
        }
        out.add(options.unknown, from, to);
    }

    /** Adds a token for each byte of {@code text[from, to)}; false, and nothing added, if one is missing. */
    static boolean addBytes(int[] byteIds, String text, int from, int to, Tokens out) {
        int before = out.count();
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            int end = at + Character.charCount(c);
            byte[] utf8 = Character.toString(c).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < utf8.length; i++) {
                if (byteIds[utf8[i] & 0xFF] < 0) {
                    out.truncate(before);
                    return false;
                }
                out.add(byteIds[utf8[i] & 0xFF], at, end, i);
            }
            at = end;
        }
        return true;
    }

    @Override
    public Steps explain(String text, int from, int to) {
        List<Steps.Candidate> candidates = new ArrayList<>();
        Best best = viterbi(
                text,
                from,
                to,
                (a, b, id, score, unknown) -> candidates.add(
                        new Steps.Candidate(a - from, b - from, text.substring(a, b), id, score, unknown)));
        List<Integer> path = new ArrayList<>();
        int candidate = candidates.size() - 1;
        for (int end = to - from; end > 0; end = best.from[end]) {
            while (candidate > 0
                    && (candidates.get(candidate).to() != end
                            || candidates.get(candidate).from() != best.from[end]
                            || candidates.get(candidate).id() != best.id[end])) {
                candidate--;
            }
            path.addFirst(candidate);
        }
        return new Steps.Lattice(candidates, path, best.score[to - from]);
    }

    @Override
    public PieceTable vocabulary() {
        return pieces;
    }

    @Override
    public String describe() {
        return "Unigram";
    }
}
