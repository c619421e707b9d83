package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import java.nio.charset.StandardCharsets;

/** Reads the wire format of protocol buffers: fields one after another, unknown ones passed over. */
final class Proto {
    private final byte[] data;
    private final int end;
    private final String where;
    private int at;
    private int wire;
    private long number;

    Proto(byte[] data, String where) {
        this(data, 0, data.length, where);
    }

    private Proto(byte[] data, int from, int end, String where) {
        this.data = data;
        this.at = from;
        this.end = end;
        this.where = where;
    }

    /** Moves to the next field and gives its number, or 0 at the end. The value must be taken or passed over by {@link #skip}. */
    int next() {
        if (at == end) {
            return 0;
        }
        long key = varint();
        wire = (int) (key & 7);
        number = key >>> 3;
        if (number == 0 || number > 0x1FFFFFFF) {
            throw broken("field number " + number);
        }
        return (int) number;
    }

    long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at == end) {
                throw broken("the end inside a number");
            }
            byte b = data[at++];
            value |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw broken("a number of more than ten bytes");
    }

    boolean flag() {
        expect(0);
        return varint() != 0;
    }

    long integer() {
        expect(0);
        return varint();
    }

    float number() {
        expect(5);
        need(4);
        int bits = (data[at] & 0xFF) | (data[at + 1] & 0xFF) << 8 | (data[at + 2] & 0xFF) << 16 | data[at + 3] << 24;
        at += 4;
        return Float.intBitsToFloat(bits);
    }

    byte[] bytes() {
        int n = length();
        byte[] out = java.util.Arrays.copyOfRange(data, at, at + n);
        at += n;
        return out;
    }

    String text() {
        int n = length();
        String out = new String(data, at, n, StandardCharsets.UTF_8);
        at += n;
        return out;
    }

    Proto message(String name) {
        int n = length();
        Proto inner = new Proto(data, at, at + n, where + ": " + name);
        at += n;
        return inner;
    }

    private int length() {
        expect(2);
        long n = varint();
        if (n < 0 || n > end - at) {
            throw broken("a field of " + Long.toUnsignedString(n) + " bytes where " + (end - at) + " are left");
        }
        return (int) n;
    }

    void skip() {
        switch (wire) {
            case 0 -> varint();
            case 1 -> {
                need(8);
                at += 8;
            }
            case 2 -> {
                int n = length();
                at += n;
            }
            case 5 -> {
                need(4);
                at += 4;
            }
            default -> throw broken("wire type " + wire);
        }
    }

    private void need(int n) {
        if (end - at < n) {
            throw broken("the end inside a number");
        }
    }

    private void expect(int type) {
        if (wire != type) {
            throw broken("field " + number + " of wire type " + wire + ", expected " + type);
        }
    }

    private BadInputException broken(String what) {
        return new BadInputException(where + ": " + what + " at byte " + at
                + "; the file is no SentencePiece model or is truncated, get it again");
    }
}
