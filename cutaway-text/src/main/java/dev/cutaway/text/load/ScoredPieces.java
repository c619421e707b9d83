package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.subword.PlainPieces;
import dev.cutaway.text.subword.ScoredBpe;
import dev.cutaway.text.subword.Trie;
import dev.cutaway.text.subword.Unigram;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Pieces with scores and types, as SentencePiece and GGUF files hold them, and the models over them. */
final class ScoredPieces {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    private final String where;
    private final List<String> texts = new ArrayList<>();
    private final List<Float> scores = new ArrayList<>();
    private final List<Integer> types = new ArrayList<>();

    ScoredPieces(String where) {
        this.where = where;
    }

    void add(String text, float score, int type) {
        int id = texts.size();
        if (id == PieceTable.MOST_PIECES) {
            throw new BadInputException(
                    where + ": more than " + PieceTable.MOST_PIECES + " pieces; the file is damaged");
        }
        if (text.isEmpty()) {
            throw new BadInputException(where + "[" + id + "] is empty; the file is damaged, get it again");
        }
        if (Float.isNaN(score)) {
            throw new BadInputException(where + "[" + id + "] has the score NaN; the file is damaged, get it again");
        }
        if (type < NORMAL || type > BYTE) {
            throw new BadInputException(where + "[" + id + "] has the type " + type
                    + ", expected 1 to 6; the file is damaged, get it again");
        }
        texts.add(text);
        scores.add(score);
        types.add(type);
    }

    int size() {
        return texts.size();
    }

    String text(int id) {
        return texts.get(id);
    }

    /** The id of the unknown token. */
    int unknown() {
        int id = types.indexOf(UNKNOWN);
        if (id < 0) {
            throw new BadInputException(
                    where + ": none is the unknown token (type 2); the file is damaged, get it again");
        }
        return id;
    }

    private boolean usable(int id) {
        int type = types.get(id);
        return type == NORMAL || type == USER_DEFINED || type == UNUSED;
    }

    private BitSet ofType(int type) {
        BitSet set = new BitSet();
        for (int id = 0; id < size(); id++) {
            set.set(id, types.get(id) == type);
        }
        return set;
    }

    private PieceTable usableTable() {
        @Nullable String[] out = new String[size()];
        for (int id = 0; id < size(); id++) {
            if (usable(id)) {
                out[id] = texts.get(id);
            }
        }
        return PieceTable.of(out);
    }

    private double[] scoreArray() {
        return scores.stream().mapToDouble(Float::doubleValue).toArray();
    }

    Trie userDefined() {
        Trie trie = new Trie();
        for (int id = 0; id < size(); id++) {
            if (types.get(id) == USER_DEFINED) {
                trie.add(texts.get(id), id);
            }
        }
        return trie;
    }

    /** Control and unknown tokens, found in a text only when asked for. */
    List<AddedToken> control() {
        List<AddedToken> out = new ArrayList<>();
        for (int id = 0; id < size(); id++) {
            if (types.get(id) == CONTROL || types.get(id) == UNKNOWN) {
                out.add(AddedToken.plain(id, texts.get(id), true));
            }
        }
        return out;
    }

    Model unigram(int unknown, boolean byteFallback) {
        BitSet usable = new BitSet();
        for (int id = 0; id < size(); id++) {
            usable.set(id, usable(id) && types.get(id) != UNUSED);
        }
        return new Unigram(
                PieceTable.of(texts),
                scoreArray(),
                usable,
                ofType(USER_DEFINED),
                ofType(NORMAL),
                new Unigram.Options(unknown, byteFallback, true),
                where);
    }

    Model bytePair(int unknown, boolean byteFallback, boolean splitAtUserDefined) {
        return new ScoredBpe(
                PieceTable.of(texts),
                usableTable(),
                scoreArray(),
                splitAtUserDefined ? userDefined() : new Trie(),
                splitAtUserDefined ? ofType(UNUSED) : new BitSet(),
                new ScoredBpe.Options(unknown, byteFallback, true));
    }

    Model plain(int unknown, boolean words, boolean byteFallback) {
        return new PlainPieces(PieceTable.of(texts), usableTable(), userDefined(), unknown, words, byteFallback);
    }
}
