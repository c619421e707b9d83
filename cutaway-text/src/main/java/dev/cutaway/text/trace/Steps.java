package dev.cutaway.text.trace;

import java.util.List;

/** How a model turned one pre-token into tokens. Positions are UTF-16 units of the pre-token. */
public sealed interface Steps {

    /** Found whole in the vocabulary (or not at all); nothing to tell. */
    record Whole(String piece, boolean known) implements Steps {}

    /**
     * Byte-pair encoding: the pre-token begins as {@code symbols} and pairs of neighbours are merged, lowest rank first.
     *
     * @param symbols the pieces before any merge
     * @param merges what was merged, in order
     */
    record Merges(List<String> symbols, List<Merge> merges) implements Steps {
        public Merges {
            symbols = List.copyOf(symbols);
            merges = List.copyOf(merges);
        }
    }

    /**
     * One merge of two neighbours.
     *
     * @param rank the merge's place in the list of merges (0 is done first); in SentencePiece vocabularies the place of the
     *     merged piece when all are sorted by falling score
     * @param position how many symbols stand before the left one at that moment
     * @param score the merged piece's score where the vocabulary has scores, else minus the rank
     */
    record Merge(int rank, int position, String left, String right, String merged, double score) {}

    /**
     * Unigram: every piece of the vocabulary that fits somewhere, and the path with the highest sum of scores.
     *
     * @param candidates all edges of the lattice, in order of their beginning
     * @param best positions in {@code candidates} of the best path
     * @param score its sum
     */
    record Lattice(List<Candidate> candidates, List<Integer> best, double score) implements Steps {
        public Lattice {
            candidates = List.copyOf(candidates);
            best = List.copyOf(best);
        }
    }

    /** A piece that fits at {@code [from, to)}, with its log probability; {@code unknown} if it stands for a character that no piece has. */
    record Candidate(int from, int to, String piece, int id, double score, boolean unknown) {}

    /**
     * WordPiece: from the left, the longest piece that fits, again and again.
     *
     * @param takes what was taken
     * @param unknown why the whole word became the unknown token, empty if it did not
     */
    record LongestFirst(List<Take> takes, String unknown) implements Steps {
        public LongestFirst {
            takes = List.copyOf(takes);
        }
    }

    /** {@code piece} was the longest that fits at {@code from}; {@code tried} longer ones were not in the vocabulary. */
    record Take(int from, int to, String piece, int id, int tried) {}
}
