package dev.cutaway.text.join;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * SentencePiece's way back: marks become spaces, the one at the beginning is dropped if it was put there, bytes are joined to
 * characters (each byte that belongs to none is U+FFFD), the unknown token has a text of its own.
 *
 * @param unknown the unknown token's piece
 * @param unknownText what it becomes
 * @param dropFirst drop a mark at the beginning
 * @param dropAllFirst drop it from every token until there is text
 */
public record SentencePieceDecoder(String unknown, String unknownText, boolean dropFirst, boolean dropAllFirst)
        implements PieceDecoder {
    @Override
    public Flow start(Consumer<String> out) {
        return new Run(out);
    }

    private final class Run implements Flow {
        private final Consumer<String> out;
        private byte[] held = new byte[8];
        private int count;
        private boolean begun;
        private boolean sawMark;

        Run(Consumer<String> out) {
            this.out = out;
        }

        @Override
        public void accept(String piece) {
            int b = Decoders.byteOf(piece);
            if (b >= 0) {
                held = count == held.length ? java.util.Arrays.copyOf(held, 2 * count) : held;
                held[count++] = (byte) b;
                release(false);
                return;
            }
            release(true);
            if (sawMark) {
                begun = true;
            }
            String text = piece;
            if (piece.equals(unknown)) {
                text = unknownText;
            } else {
                if (!begun && (dropFirst || dropAllFirst) && piece.startsWith("\u2581")) {
                    text = piece.substring(1);
                    sawMark = !dropAllFirst;
                }
                text = text.replace('\u2581', ' ');
            }
            emit(text);
        }

        private void emit(String text) {
            if (!text.isEmpty()) {
                begun = true;
                out.accept(text);
            }
        }

        /** Puts out the bytes that can no longer become part of a longer character. */
        private void release(boolean all) {
            int at = 0;
            while (at < count) {
                int length = characterLength(held, at, count);
                if (length == 0
                        && !all
                        && Utf8Stream.complete(java.util.Arrays.copyOfRange(held, at, count), count - at) == 0) {
                    break;
                }
                emit(length == 0 ? "\uFFFD" : new String(held, at, length, StandardCharsets.UTF_8));
                at += Math.max(1, length);
            }
            System.arraycopy(held, at, held, 0, count - at);
            count -= at;
        }

        @Override
        public void finish() {
            release(true);
        }
    }

    /** Bytes of the valid character at {@code at}, 0 if there is none. */
    private static int characterLength(byte[] b, int at, int to) {
        int lead = b[at] & 0xFF;
        int length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (length == 0 || at + length > to) {
            return 0;
        }
        String s = new String(b, at, length, StandardCharsets.UTF_8);
        return (s.codePointCount(0, s.length()) == 1 && s.codePointAt(0) != 0xFFFD)
                        || (length == 3 && lead == 0xEF && (b[at + 1] & 0xFF) == 0xBF && (b[at + 2] & 0xFF) == 0xBD)
                ? length
                : 0;
    }
}
