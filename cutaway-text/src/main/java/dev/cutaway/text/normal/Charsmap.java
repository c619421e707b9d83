package dev.cutaway.text.normal;

import dev.cutaway.tensor.BadInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * SentencePiece's precompiled normalisation: a double-array trie (as darts-clone writes it) from UTF-8 prefixes to positions
 * in a block of replacements that end with a zero byte. All positions come from the file, so each is checked.
 */
public final class Charsmap {
    private final int[] units;
    private final byte[] replacements;
    private final String where;

    private Charsmap(int[] units, byte[] replacements, String where) {
        this.units = units;
        this.replacements = replacements;
        this.where = where;
    }

    /**
     * Reads the block: length of the trie in bytes (little endian), the trie, the replacements.
     *
     * @throws BadInputException if the lengths do not fit
     */
    public static Charsmap read(byte[] block, String where) {
        if (block.length < 4) {
            throw new BadInputException(
                    where + " has " + block.length + " bytes, expected at least 4; get the file again");
        }
        ByteBuffer in = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        long size = Integer.toUnsignedLong(in.getInt());
        if (size > block.length - 4 || size % 4 != 0 || size < 4) {
            throw new BadInputException(where + ": its trie claims " + size + " bytes of " + (block.length - 4)
                    + "; the file is damaged, get it again");
        }
        int[] units = new int[(int) size / 4];
        in.slice().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(units);
        byte[] rest = java.util.Arrays.copyOfRange(block, 4 + (int) size, block.length);
        return new Charsmap(units, rest, where);
    }

    /** Where a replacement was found: {@code length} bytes of the text become the replacement at {@code value}. */
    private static long result(int length, int value) {
        return (long) length << 32 | value;
    }

    /** The shortest ({@code first}) or longest prefix of {@code text[from, to)} that has a replacement, or -1. */
    private long search(byte[] text, int from, int to, boolean first) {
        long found = -1;
        int node = offset(units[0]);
        for (int at = from; at < to; at++) {
            int c = text[at] & 0xFF;
            node ^= c;
            if (c == 0 || node < 0 || node >= units.length) {
                break;
            }
            int unit = units[node];
            if ((unit & 0x800000FF) != c) {
                break;
            }
            node ^= offset(unit);
            if ((unit >>> 8 & 1) != 0) {
                if (node < 0 || node >= units.length) {
                    throw new BadInputException(where + ": its trie points outside itself; get the file again");
                }
                found = result(at + 1 - from, units[node] & 0x7FFFFFFF);
                if (first) {
                    return found;
                }
            }
        }
        return found;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 0x200) >>> 6);
    }

    private String replacement(long found) {
        int from = (int) found;
        int to = from;
        while (to < replacements.length && replacements[to] != 0) {
            to++;
        }
        if (from >= replacements.length) {
            throw new BadInputException(where + ": a replacement lies outside the block; get the file again");
        }
        return new String(replacements, from, to - from, StandardCharsets.UTF_8);
    }

    /** Receives the replacement for the longest prefix. */
    interface Longest {
        void found(int bytes, String replacement);
    }

    /** Looks for the longest prefix of {@code text} from byte {@code from} on; false if there is none. */
    boolean longest(byte[] text, int from, Longest out) {
        long found = search(text, from, text.length, false);
        if (found < 0) {
            return false;
        }
        out.found((int) (found >>> 32), replacement(found));
        return true;
    }

    /** The replacement for the shortest prefix of {@code chunk}, or {@code otherwise} if there is none. */
    String first(String chunk, String otherwise) {
        byte[] text = chunk.getBytes(StandardCharsets.UTF_8);
        long found = search(text, 0, text.length, true);
        return found < 0 ? otherwise : replacement(found);
    }
}
