package dev.cutaway.text.subword;

import dev.cutaway.tensor.BadInputException;
import java.util.Arrays;

/**
 * Strings to ids by their beginnings: all strings that begin at a place of a text are found in one walk. Edges live in one
 * open-addressing table, keyed by node and UTF-16 unit.
 */
public final class Trie {
    private static final int ROOT = 0;
    private static final int MOST_NODES = 1 << 24;
    private long[] edges = new long[64]; // node, unit (16 bits), target (24 bits); 0 = free
    private int[] ids = {-1};
    private int nodes = 1;

    /** No strings yet. */
    public Trie() {}

    /** Adds a string; a later one that is equal replaces the id. */
    public void add(String s, int id) {
        int node = ROOT;
        for (int i = 0; i < s.length(); i++) {
            int to = next(node, s.charAt(i));
            node = to >= 0 ? to : grow(node, s.charAt(i));
        }
        ids[node] = id;
    }

    private int grow(int node, char unit) {
        if (nodes == MOST_NODES) {
            throw new BadInputException("the vocabulary's pieces have more than " + MOST_NODES
                    + " different beginnings; its file is damaged");
        }
        if (2 * (nodes + 1) > edges.length) {
            long[] old = edges;
            edges = new long[2 * old.length];
            for (long edge : old) {
                if (edge != 0) {
                    put(edge);
                }
            }
        }
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, 2 * nodes);
        }
        ids[nodes] = -1;
        put(((long) node << 16 | unit) << 24 | nodes);
        return nodes++;
    }

    private static int slot(long key) {
        long h = key * 0x9E3779B97F4A7C15L;
        return (int) (h >>> 32) ^ (int) (h >>> 50);
    }

    private void put(long edge) {
        int mask = edges.length - 1;
        int at = slot(edge >>> 24) & mask;
        while (edges[at] != 0) {
            at = (at + 1) & mask;
        }
        edges[at] = edge;
    }

    /** The node after {@code node} on {@code unit}, or -1; the root is 0. */
    public int next(int node, char unit) {
        long key = (long) node << 16 | unit;
        long[] all = edges;
        int mask = all.length - 1;
        for (int at = slot(key) & mask; ; at = (at + 1) & mask) {
            long edge = all[at];
            if (edge >>> 24 == key && edge != 0) {
                return (int) edge & MOST_NODES - 1;
            }
            if (edge == 0) {
                return -1;
            }
        }
    }

    /** The id of the string that ends at {@code node}, or -1. */
    public int id(int node) {
        return ids[node];
    }

    /** Whether no string was added. */
    public boolean isEmpty() {
        return nodes == 1;
    }

    /** UTF-16 units of the longest string that {@code text} has at {@code from}, 0 for none. */
    public int longest(String text, int from, int to) {
        int best = 0;
        int node = ROOT;
        for (int at = from; at < to; at++) {
            node = next(node, text.charAt(at));
            if (node < 0) {
                break;
            }
            if (ids[node] >= 0) {
                best = at + 1 - from;
            }
        }
        return best;
    }
}
