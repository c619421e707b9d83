package dev.cutaway.text.subword;

import dev.cutaway.text.trace.Steps;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding of SentencePiece: there is no list of merges; two neighbours may be merged if what they spell together is a
 * piece, and the piece with the highest score goes first. The whole text is one word (spaces are written U+2581).
 */
public final class ScoredBpe implements Model {
    /**
     * Settings.
     *
     * @param unknown id for what no piece has
     * @param byteFallback it becomes {@code <0xHH>} tokens instead
     * @param fuseUnknown neighbours that are unknown become one token
     */
    public record Options(int unknown, boolean byteFallback, boolean fuseUnknown) {}

    private static final int FROZEN = -2;
    private static final char MARK = '\u2581';
    private static final int MUCH_TEXT = 512; // units; less is not worth the question whether words are apart

    private final PieceTable pieces;
    private final PieceTable usable;
    private final Trie userDefined;
    private final BitSet unused;
    private final float[] scores;
    private volatile float @Nullable [] falling; // all scores in order, for people to see; made when asked for
    private final Options options;
    private final int[] byteIds;
    private final WordCache words = new WordCache();
    private volatile @Nullable Boolean separable; // into words, once it is known
    private int seen; // text so far

    /**
     * A model.
     *
     * @param pieces all pieces
     * @param usable those that may occur in a text
     * @param userDefined symbols that are found first and never merged
     * @param scores of each piece, not copied
     * @param unused pieces that may be merged through but not put out
     */
    public ScoredBpe(
            PieceTable pieces, PieceTable usable, float[] scores, Trie userDefined, BitSet unused, Options options) {
        this.pieces = pieces;
        this.usable = usable;
        this.userDefined = userDefined;
        this.unused = (BitSet) unused.clone();
        this.scores = scores;
        this.options = options;
        this.byteIds = Bpe.byteIds(pieces);
    }

    /** A number that is smaller for a higher score, and the same for the same. */
    private static int priority(float score) {
        int bits = Float.floatToIntBits(0f - score); // never -0, which would sort apart from 0
        return bits ^ bits >> 31 & Integer.MAX_VALUE;
    }

    /** The place of a score among all, by falling score; equal scores share one. */
    private int rank(float score) {
        float[] all = falling;
        if (all == null) {
            all = new float[scores.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = 0f - scores[i];
            }
            Arrays.sort(all);
            falling = all;
        }
        return firstOf(all, 0f - score);
    }

    private static int firstOf(float[] sorted, float value) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private Merger symbols(String text, int from, int to) {
        Merger word = new Merger(to - from);
        for (int at = from; at < to; ) {
            int known = userDefined.longest(text, at, to);
            int end = known > 0 ? at + known : Math.min(to, at + Character.charCount(text.codePointAt(at)));
            word.add(known > 0 ? FROZEN : usable.find(text, at, end), at, end, -1);
            at = end;
        }
        return word;
    }

    private Merger.Pairs pairs(String text, Map<String, Integer> joints) {
        return (word, left, right) -> {
            if (word.id[left] == FROZEN || word.id[right] == FROZEN) {
                return Merger.NEVER;
            }
            int id = usable.find(text, word.from[left], word.to[right]);
            if (id >= 0 && unused.get(id)) {
                joints.put(text.substring(word.from[left], word.to[right]), word.to[left] - word.from[left]);
            }
            return id < 0 ? Merger.NEVER : (long) priority(scores[id]) << 32 | id;
        };
    }

    /**
     * Whether merging may go word by word: no piece has the mark of a space after something else, so none lies across the
     * beginning of a word. Found out when there is much text.
     */
    private boolean byWords() {
        Boolean known = separable;
        if (known == null) {
            boolean all = unused.isEmpty();
            for (int id = 0; id < usable.size() && all; id++) {
                String piece = usable.piece(id);
                all = piece == null || nextWord(piece, 0, piece.length()) == piece.length();
            }
            known = all;
            separable = known;
        }
        return known;
    }

    /** Where the next word after the one at {@code from} begins. */
    private static int nextWord(String text, int from, int to) {
        for (int at = from + 1; at < to; at++) {
            if (text.charAt(at) == MARK && text.charAt(at - 1) != MARK) {
                return at;
            }
        }
        return to;
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        seen = Math.min(MUCH_TEXT, seen + Math.min(MUCH_TEXT, to - from)); // a race only delays
        if (seen < MUCH_TEXT || !byWords()) {
            unknown(part(text, from, to, -1, out), to, out);
            return;
        }
        int unknownFrom = -1; // the unknown stretch that is not yet put out
        for (int at = from; at < to; ) {
            int end = nextWord(text, at, to);
            if (unknownFrom >= 0 || !words.replay(text, at, end, out)) {
                int first = out.count();
                boolean alone = unknownFrom < 0;
                unknownFrom = part(text, at, end, unknownFrom, out);
                if (alone && unknownFrom < 0) {
                    words.remember(text, at, end, out, first);
                }
            }
            at = end;
        }
        unknown(unknownFrom, to, out);
    }

    private void unknown(int from, int to, Tokens out) {
        if (from >= 0) {
            out.add(options.unknown, from, to);
        }
    }

    /**
     * Adds the tokens of a part of the text.
     *
     * @param pending where an unknown stretch begins that is not yet put out, or -1
     * @return the same, at the end of the part
     */
    int part(String text, int from, int to, int pending, Tokens out) {
        Merger word = symbols(text, from, to);
        Map<String, Integer> joints = new HashMap<>(); // an unused piece, and where it was joined
        word.run(pairs(text, joints), (m, left, right, rank, merged) -> {});
        int unknownFrom = pending;
        Deque<int[]> open = new ArrayDeque<>();
        for (int i = 0; i >= 0 && word.count() > 0; i = word.next[i]) {
            open.push(new int[] {word.from[i], word.to[i]});
            while (!open.isEmpty()) {
                int[] piece = open.pop();
                int id = usable.find(text, piece[0], piece[1]);
                Integer joint = id >= 0 && unused.get(id) ? joints.get(text.substring(piece[0], piece[1])) : null;
                if (joint != null) {
                    open.push(new int[] {piece[0] + joint, piece[1]});
                    open.push(new int[] {piece[0], piece[0] + joint});
                    continue;
                }
                boolean waits = id < 0 && !options.byteFallback && options.fuseUnknown;
                if (!waits) {
                    unknown(unknownFrom, piece[0], out);
                    unknownFrom = -1;
                }
                if (waits) {
                    unknownFrom = unknownFrom < 0 ? piece[0] : unknownFrom;
                } else if (id >= 0) {
                    out.add(id, piece[0], piece[1]);
                } else if (!(options.byteFallback && Unigram.addBytes(byteIds, text, piece[0], piece[1], out))) {
                    out.add(options.unknown, piece[0], piece[1]);
                }
            }
        }
        return unknownFrom;
    }

    @Override
    public Steps explain(String text, int from, int to) {
        Merger word = symbols(text, from, to);
        return explain(word, text);
    }

    private Steps explain(Merger word, String text) {
        List<String> symbols = new ArrayList<>();
        for (int i = 0; i < word.count(); i++) {
            symbols.add(text.substring(word.from[i], word.to[i]));
        }
        List<Steps.Merge> merges = new ArrayList<>();
        Positions positions = new Positions(word.count());
        word.run(
                pairs(text, new HashMap<>()),
                (m, left, right, rank, merged) -> merges.add(new Steps.Merge(
                        rank(scores[merged]),
                        positions.take(left, right),
                        text.substring(m.from[left], m.to[left]),
                        text.substring(m.from[right], m.to[right]),
                        text.substring(m.from[left], m.to[right]),
                        scores[merged])));
        return new Steps.Merges(symbols, merges);
    }

    @Override
    public PieceTable vocabulary() {
        return pieces;
    }

    @Override
    public String describe() {
        return "BPE by scores";
    }
}
