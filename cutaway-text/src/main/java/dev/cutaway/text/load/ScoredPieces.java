package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.subword.PlainPieces;
import dev.cutaway.text.subword.ScoredBpe;
import dev.cutaway.text.subword.Trie;
import dev.cutaway.text.subword.Unigram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Pieces with scores and types, as SentencePiece and GGUF files hold them, and the models over them. */
final class ScoredPieces {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    private final String where;
    private final PieceTable pieces;
    private final float[] scores;
    private final byte[] types;

    /** Of each piece its score and its type, one of the above; the arrays may be longer. */
    ScoredPieces(String where, PieceTable pieces, float[] scores, byte[] types) {
        this.where = where;
        this.pieces = pieces;
        this.scores = scores;
        this.types = types;
        for (int id = 0; id < pieces.size(); id++) {
            if (Float.isNaN(scores[id])) {
                throw new BadInputException(
                        where + "[" + id + "] has the score NaN; the file is damaged, get it again");
            }
        }
    }

    /** Collects pieces. */
    static final class Builder {
        private final String where;
        private final PackedTexts.Builder texts = new PackedTexts.Builder(1024, 8192);
        private float[] scores = new float[1024];
        private byte[] types = new byte[1024];

        Builder(String where) {
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
            if (type < NORMAL || type > BYTE) {
                throw new BadInputException(where + "[" + id + "] has the type " + type
                        + ", expected 1 to 6; the file is damaged, get it again");
            }
            if (id == scores.length) {
                scores = Arrays.copyOf(scores, 2 * id);
                types = Arrays.copyOf(types, 2 * id);
            }
            texts.add(text);
            scores[id] = score;
            types[id] = (byte) type;
        }

        int size() {
            return texts.size();
        }

        ScoredPieces build() {
            return new ScoredPieces(where, PieceTable.of(texts.build()), scores, types);
        }
    }

    int size() {
        return pieces.size();
    }

    String text(int id) {
        return String.valueOf(pieces.piece(id));
    }

    /** The id of the unknown token. */
    int unknown() {
        for (int id = 0; id < size(); id++) {
            if (types[id] == UNKNOWN) {
                return id;
            }
        }
        throw new BadInputException(where + ": none is the unknown token (type 2); the file is damaged, get it again");
    }

    private BitSet ofType(int first, int... more) {
        BitSet set = new BitSet();
        for (int id = 0; id < size(); id++) {
            boolean is = types[id] == first;
            for (int type : more) {
                is |= types[id] == type;
            }
            if (is) {
                set.set(id);
            }
        }
        return set;
    }

    /** The pieces that may occur in a text. */
    private PieceTable usable() {
        return pieces.without(ofType(UNKNOWN, CONTROL, BYTE));
    }

    Trie userDefined() {
        Trie trie = new Trie();
        for (int id = 0; id < size(); id++) {
            if (types[id] == USER_DEFINED) {
                trie.add(text(id), id);
            }
        }
        return trie;
    }

    /** Control and unknown tokens, found in a text only when asked for. */
    List<AddedToken> control() {
        List<AddedToken> out = new ArrayList<>();
        for (int id = 0; id < size(); id++) {
            if (types[id] == CONTROL || types[id] == UNKNOWN) {
                out.add(AddedToken.plain(id, text(id), true));
            }
        }
        return out;
    }

    Model unigram(int unknown, boolean byteFallback) {
        double[] wide = new double[size()];
        for (int id = 0; id < wide.length; id++) {
            wide[id] = scores[id];
        }
        return new Unigram(
                pieces,
                wide,
                ofType(NORMAL, USER_DEFINED),
                ofType(USER_DEFINED),
                ofType(NORMAL),
                new Unigram.Options(unknown, byteFallback, true),
                where);
    }

    Model bytePair(int unknown, boolean byteFallback, boolean splitAtUserDefined) {
        return new ScoredBpe(
                pieces,
                usable(),
                scores,
                splitAtUserDefined ? userDefined() : new Trie(),
                splitAtUserDefined ? ofType(UNUSED) : new BitSet(),
                new ScoredBpe.Options(unknown, byteFallback, true));
    }

    Model plain(int unknown, boolean words, boolean byteFallback) {
        return new PlainPieces(pieces, usable(), userDefined(), unknown, words, byteFallback);
    }
}
