package dev.cutaway.text.subword;

import dev.cutaway.text.trace.Steps;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Byte-pair encoding as in Hugging Face tokenizers' {@code BPE} model: a word becomes its characters, and neighbours are merged by
 * the rank of a list of merges. See {@link Merger} for the algorithm.
 */
public final class Bpe implements Model {
    /**
     * What distinguishes one BPE model from another.
     *
     * @param unknown id for characters that are not in the vocabulary, -1 to drop them
     * @param fuseUnknown one unknown token for neighbours instead of one each
     * @param byteFallback characters that are not in the vocabulary become {@code <0xHH>} tokens
     * @param ignoreMerges a word that is in the vocabulary is taken whole, whatever the merges say
     * @param continuingPrefix put before every character of a word but the first
     * @param endSuffix put after the last character of a word
     */
    public record Options(
            int unknown,
            boolean fuseUnknown,
            boolean byteFallback,
            boolean ignoreMerges,
            String continuingPrefix,
            String endSuffix) {
        /** Nothing special. */
        public static final Options PLAIN = new Options(-1, false, false, false, "", "");
    }

    private static final byte[] HEX = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

    private final PieceTable pieces;
    private final MergeTable merges;
    private final Options options;
    private final int[] byteIds; // id of <0xHH>, -1 where there is none; empty without byteFallback
    private final boolean affixes;
    private final int[] letterIds = new int[256]; // ids of the letters for bytes
    private final WordCache cache = new WordCache();

    /** A model over the given vocabulary and merges. */
    public Bpe(PieceTable pieces, MergeTable merges, Options options) {
        this.pieces = pieces;
        this.merges = merges;
        this.options = options;
        this.affixes = !options.continuingPrefix.isEmpty() || !options.endSuffix.isEmpty();
        this.byteIds = options.byteFallback ? byteIds(pieces) : new int[0];
        byte[] one = new byte[1];
        for (int b = 0; b < 256; b++) {
            one[0] = (byte) b;
            letterIds[b] = pieces.findSpelled(one, 0, 1);
        }
    }

    /** Ids of the pieces {@code <0x00>} to {@code <0xFF>}, -1 for those that are missing. */
    static int[] byteIds(PieceTable pieces) {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            byte[] name = {'<', '0', 'x', HEX[b >> 4], HEX[b & 15], '>'};
            ids[b] = pieces.find(name, 0, name.length);
        }
        return ids;
    }

    /** What makes words of bytes, spelled in the letters of {@link ByteAlphabet}, into tokens; for one thread. */
    public Optional<ByteWords> byteWords() {
        return affixes ? Optional.empty() : Optional.of(new ByteWords(pieces, merges, options.ignoreMerges, letterIds));
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        if (options.ignoreMerges) {
            int whole = pieces.find(text, from, to);
            if (whole >= 0) {
                out.add(whole, from, to);
                return;
            }
        }
        if (cache.replay(text, from, to, out)) {
            return;
        }
        int first = out.count();
        Merger word = symbols(text, from, to);
        word.run(this::pair, (m, l, r, rank, merged) -> {});
        for (int i = 0; i >= 0 && word.count() > 0; i = word.next[i]) {
            out.add(word.id[i], word.from[i], word.to[i], word.part[i]);
        }
        cache.remember(text, from, to, out, first);
    }

    private long pair(Merger word, int left, int right) {
        return merges.find(word.id[left], word.id[right]);
    }

    private Merger symbols(String text, int from, int to) {
        Merger word = new Merger(to - from);
        int unknownFrom = -1; // start of the unknown stretch that is not yet put out
        int unknownTo = -1;
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            int end = Math.min(to, at + Character.charCount(c));
            int id = symbol(text, at, end, at == from, end == to);
            if (id >= 0) {
                if (unknownFrom >= 0) {
                    word.add(options.unknown, unknownFrom, unknownTo, -1);
                    unknownFrom = -1;
                }
                word.add(id, at, end, -1);
            } else if (!(options.byteFallback && addBytes(word, affixed(text, at, end, at == from, end == to), at, end))
                    && options.unknown >= 0) {
                if (unknownFrom >= 0 && !options.fuseUnknown) {
                    word.add(options.unknown, unknownFrom, unknownTo, -1);
                    unknownFrom = -1;
                }
                unknownFrom = unknownFrom < 0 ? at : unknownFrom;
                unknownTo = end;
            }
            at = end;
        }
        if (unknownFrom >= 0) {
            word.add(options.unknown, unknownFrom, unknownTo, -1);
        }
        return word;
    }

    private int symbol(String text, int at, int end, boolean first, boolean last) {
        if (affixes) {
            return pieces.find(affixed(text, at, end, first, last));
        }
        int b = ByteAlphabet.toByte(text.charAt(at));
        return b >= 0 ? letterIds[b] : pieces.find(text, at, end);
    }

    private String affixed(String text, int at, int end, boolean first, boolean last) {
        return (first ? "" : options.continuingPrefix) + text.substring(at, end) + (last ? options.endSuffix : "");
    }

    private boolean addBytes(Merger word, String symbol, int at, int end) {
        byte[] utf8 = symbol.getBytes(StandardCharsets.UTF_8);
        for (byte b : utf8) {
            if (byteIds[b & 0xFF] < 0) {
                return false;
            }
        }
        for (int i = 0; i < utf8.length; i++) {
            word.add(byteIds[utf8[i] & 0xFF], at, end, i);
        }
        return true;
    }

    @Override
    public Steps explain(String text, int from, int to) {
        if (options.ignoreMerges && pieces.find(text, from, to) >= 0) {
            return new Steps.Whole(text.substring(from, to), true);
        }
        Merger word = symbols(text, from, to);
        List<String> symbols = new ArrayList<>();
        for (int i = 0; i < word.count(); i++) {
            symbols.add(name(word.id[i]));
        }
        List<Steps.Merge> done = new ArrayList<>();
        Positions positions = new Positions(word.count());
        word.run(
                this::pair,
                (m, left, right, rank, merged) -> done.add(new Steps.Merge(
                        rank, positions.take(left, right), name(m.id[left]), name(m.id[right]), name(merged), -rank)));
        return new Steps.Merges(symbols, done);
    }

    private String name(int id) {
        String piece = pieces.piece(id);
        return piece == null ? "" : piece;
    }

    @Override
    public PieceTable vocabulary() {
        return pieces;
    }

    @Override
    public String describe() {
        return "BPE";
    }

    @Override
    public String toString() {
        return "Bpe[" + pieces.count() + " pieces, " + options + ", bytes "
                + Arrays.stream(byteIds).filter(i -> i >= 0).count() + "]";
    }
}
