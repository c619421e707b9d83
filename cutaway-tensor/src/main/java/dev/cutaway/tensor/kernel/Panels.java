package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/** Reading single weights out of panels: the plain statement of what {@link Layout} keeps where. */
final class Panels {
    private Panels() {}

    /** Widens one row: {@code code * scale + minimum}. */
    static void row(PackedMatrix w, int row, MemorySegment out, long outAt) {
        int panel = row / Layout.PANEL;
        int lane = row % Layout.PANEL;
        int group = w.layout.blocked() ? w.layout.group() : w.columns();
        for (int first = 0; first < w.columns(); first += group) {
            float scale = w.layout.blocked() ? scale(w, panel, lane, first) : 1;
            float minimum = w.layout.minimum ? minimum(w, panel, lane, first) : 0;
            for (int k = first; k < first + group; k++) {
                float code = code(w, panel, lane, k);
                Floats.set(out, outAt + k, w.layout.minimum ? Math.fma(code, scale, minimum) : code * scale);
            }
        }
    }

    /** One weight, widened: exactly the value that the file's format defines. */
    static float weight(PackedMatrix w, int panel, int lane, int k) {
        float code = code(w, panel, lane, k);
        if (!w.layout.blocked()) {
            return code;
        }
        float scale = scale(w, panel, lane, k);
        return w.layout.minimum ? Math.fma(code, scale, minimum(w, panel, lane, k)) : code * scale;
    }

    /** One code as a float; of plain layouts, the weight itself. */
    static float code(PackedMatrix w, int panel, int lane, int k) {
        long at = w.panelAt(panel) + 4L * lane;
        return switch (w.layout) {
            case F32 -> w.data.get(Floats.FLOAT, at + 4L * Layout.PANEL * k);
            case F16 -> Float.float16ToFloat(half(w.data.get(Floats.INT, at + 4L * Layout.PANEL * (k / 2)), k % 2));
            case BF16 ->
                Float.intBitsToFloat(half(w.data.get(Floats.INT, at + 4L * Layout.PANEL * (k / 2)), k % 2) << 16);
            default -> blockCode(w, at, k);
        };
    }

    private static short half(int word, int which) {
        return (short) (word >> 16 * which);
    }

    private static int blockCode(PackedMatrix w, long laneAt, int k) {
        Layout layout = w.layout;
        long at = laneAt + layout.blockAt(k / Layout.BLOCK) + 4L * layout.headerWords;
        int bits = layout.codeBits;
        int code = rawCode(w, at, bits, k % Layout.BLOCK);
        return layout.minimum ? code & (1 << bits) - 1 : code << 32 - bits >> 32 - bits;
    }

    /** The code in the low bits, anything above. */
    private static int rawCode(PackedMatrix w, long at, int bits, int c) {
        return switch (bits) {
            case 8 -> word(w, at, c / 4) >>> 8 * (c % 4);
            case 4 -> word(w, at, c / 8) >>> 4 * (c % 8);
            case 5 ->
                c < 30
                        ? word(w, at, c / 6) >>> 5 * (c % 6 / 2) + 16 * (c % 2)
                        : highBits(w, at, 0, 5, 1) >>> 16 * (c - 30);
            default -> {
                int i = c % 16 / 4;
                int word = i < 3 ? word(w, at, c / 16 * 3 + i) : highBits(w, at, c / 16 * 3, 3, 4);
                yield word >>> 6 * (c % 4 / 2) + 16 * (c % 2);
            }
        };
    }

    private static int word(PackedMatrix w, long at, int i) {
        return w.data.get(Floats.INT, at + 4L * Layout.PANEL * i);
    }

    /** The highest bits of both halves of some words, put together in both halves of one. */
    private static int highBits(PackedMatrix w, long at, int from, int count, int each) {
        int mask = (1 << each) - 1;
        int bits = 0;
        for (int i = 0; i < count; i++) {
            bits |= (word(w, at, from + i) >>> 16 - each & (mask << 16 | mask)) << each * i;
        }
        return bits;
    }

    /** The scale of a weight's group. */
    static float scale(PackedMatrix w, int panel, int lane, int k) {
        int header = header(w, panel, lane, k / Layout.BLOCK);
        return switch (w.layout) {
            case Q4_SUPER, Q5_SUPER -> factor(w, panel, lane, k, 0) * (header & 0xff);
            case Q6_SUPER -> factor(w, panel, lane, k, 0) * (byte) (header >> k % Layout.BLOCK / 16 * 8);
            default -> Float.float16ToFloat((short) header);
        };
    }

    /** What a weight's group adds to {@code code * scale}. */
    static float minimum(PackedMatrix w, int panel, int lane, int k) {
        int header = header(w, panel, lane, k / Layout.BLOCK);
        return w.layout.nested()
                ? -(factor(w, panel, lane, k, 1) * (header >> 8 & 0xff))
                : Float.float16ToFloat((short) (header >> 16));
    }

    /** The header of a block for one row: 16 bits where they are paired, else the whole word. */
    private static int header(PackedMatrix w, int panel, int lane, int block) {
        long at = w.panelAt(panel) + w.layout.blockAt(block);
        return field(w, at, lane, w.layout.headerWords);
    }

    private static int field(PackedMatrix w, long at, int lane, int words) {
        if (words == Layout.PANEL) {
            return w.data.get(Floats.INT, at + 4L * lane);
        }
        return w.data.get(Floats.INT, at + 4L * (lane % 16)) >>> lane / 16 * 16;
    }

    /** A super-block's f16 factor: 0 the scales', 1 the minima's. */
    private static float factor(PackedMatrix w, int panel, int lane, int k, int which) {
        long at = w.panelAt(panel) + w.layout.superAt(k / w.layout.superColumns);
        int word = field(w, at, lane, w.layout.superHeaderWords);
        return Float.float16ToFloat((short) (word >> 16 * which));
    }
}
