package dev.cutaway.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The first vocabulary of Unigram: all characters, and every string that occurs at least twice in the list of different words with different characters (or
 * the word's end) after it: the inner nodes of the suffix tree, as in SentencePiece and Hugging Face's library. They
 * are ranked by occurrences times length.
 *
 * <p>Pieces are short, so no suffix array is needed: the suffixes are sorted by their first characters only (Bentley and Sedgewick's
 * quicksort for strings), and neighbours' common beginnings give the nodes.
 */
final class SeedPieces {
    private final Sentences text;
    private final int longest;
    private final int[] suffixes;

    /** A string that occurs several times. */
    private record Node(long weight, int first, int begin, int length) {}

    SeedPieces(Sentences text, int longest) {
        this.text = text;
        this.longest = longest;
        int n = 0;
        int[] at = new int[text.symbols().length];
        for (int i = 0; i < at.length; i++) {
            if (text.symbols()[i] != 0) {
                at[n++] = i;
            }
        }
        this.suffixes = Arrays.copyOf(at, n);
    }

    /** At most {@code most} pieces besides the unknown one, with logarithms of their share of all weights. */
    Pieces make(int most) {
        List<Node> nodes = new ArrayList<>();
        sort(0, suffixes.length, 0);
        collect(nodes);
        nodes.sort(Comparator.comparingLong(Node::weight)
                .thenComparingInt(Node::first)
                .thenComparingInt(Node::length)
                .reversed());
        int[] characters = text.charactersByCount();
        int count = Math.max(characters.length, Math.min(most, characters.length + nodes.size()));
        Pieces pieces = new Pieces(text.symbols(), count + 1);
        pieces.addUnknown();
        for (int c : characters) {
            pieces.add(text.firstPlace(c), 1, (double) text.count(c));
        }
        for (Node node : nodes.subList(0, count - characters.length)) {
            pieces.add(node.begin(), node.length(), (double) node.weight());
        }
        pieces.toLogShares();
        return pieces;
    }

    /** The symbol at a depth of a suffix; a word's end is 0. */
    private int at(int suffix, int depth) {
        return text.symbols()[suffix + depth];
    }

    /** Sorts suffixes that agree in the first {@code depth} symbols. */
    private void sort(int from, int to, int depth) {
        int lo = from;
        int hi = to;
        int d = depth;
        while (hi - lo > 1 && d <= longest) {
            int pivot = median(at(suffixes[lo], d), at(suffixes[(lo + hi) >>> 1], d), at(suffixes[hi - 1], d));
            int less = lo;
            int more = hi;
            for (int i = lo; i < more; ) {
                int c = at(suffixes[i], d);
                if (c < pivot) {
                    swap(less++, i++);
                } else if (c > pivot) {
                    swap(i, --more);
                } else {
                    i++;
                }
            }
            sort(lo, less, d);
            sort(more, hi, d);
            if (pivot == 0) {
                return; // ended here, all alike
            }
            lo = less;
            hi = more;
            d++;
        }
    }

    private static int median(int a, int b, int c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }

    private void swap(int i, int j) {
        int x = suffixes[i];
        suffixes[i] = suffixes[j];
        suffixes[j] = x;
    }

    /** Symbols that two suffixes have in common, up to one more than a piece may have. */
    private int common(int a, int b) {
        int n = 0;
        while (n <= longest && at(a, n) == at(b, n) && at(a, n) != 0) {
            n++;
        }
        return n;
    }

    private void collect(List<Node> out) {
        int[] depth = new int[longest + 3];
        int[] first = new int[longest + 3];
        boolean[] branches = new boolean[longest + 3];
        int top = -1;
        for (int i = 1; i <= suffixes.length; i++) {
            int common = i < suffixes.length ? common(suffixes[i - 1], suffixes[i]) : 0;
            boolean different = i < suffixes.length && at(suffixes[i - 1], common) != at(suffixes[i], common);
            int begin = i - 1;
            while (top >= 0 && depth[top] > common) {
                begin = first[top];
                if (branches[top] && depth[top] >= 2 && depth[top] <= longest) {
                    out.add(new Node((long) (i - begin) * depth[top], begin, suffixes[begin], depth[top]));
                }
                top--;
            }
            if (top >= 0 && depth[top] == common) {
                branches[top] |= different;
            } else {
                top++;
                depth[top] = common;
                first[top] = begin;
                branches[top] = different;
            }
        }
    }
}
