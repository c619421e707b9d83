package dev.cutaway.text.join;

import dev.cutaway.text.subword.ByteAlphabet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The decoders that {@code tokenizer.json} knows. */
public final class Decoders {
    private Decoders() {}

    /** A decoder that treats each piece by itself; {@code first} is true for the first one. */
    private interface Each {
        String apply(String piece, boolean first);
    }

    private static PieceDecoder each(Each rule) {
        return out -> new PieceDecoder.Flow() {
            private boolean first = true;

            @Override
            public void accept(String piece) {
                out.accept(rule.apply(piece, first));
                first = false;
            }

            @Override
            public void finish() {}
        };
    }

    /** GPT-2's byte letters back to bytes; a piece that holds another letter is taken as it is. */
    public static PieceDecoder byteLevel() {
        return out -> new PieceDecoder.Flow() {
            private final Utf8Stream bytes = new Utf8Stream();

            @Override
            public void accept(String piece) {
                emit(bytes.add(bytesOf(piece)), out);
            }

            @Override
            public void finish() {
                emit(bytes.finish(), out);
            }
        };
    }

    /** The bytes that a piece in byte letters stands for, or its own UTF-8 bytes if it holds other letters. */
    public static byte[] bytesOf(String piece) {
        byte[] bytes = new byte[piece.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = ByteAlphabet.toByte(piece.charAt(i));
            if (b < 0) {
                return piece.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }

    private static void emit(String text, Consumer<String> out) {
        if (!text.isEmpty()) {
            out.accept(text);
        }
    }

    /** The mark for a space back to a space; the first piece loses its marks if one was put there. */
    public static PieceDecoder metaspace(char mark, boolean dropFirst) {
        return each((piece, first) ->
                first && dropFirst ? piece.replace(String.valueOf(mark), "") : piece.replace(mark, ' '));
    }

    /** WordPiece: pieces with the prefix continue a word, others begin one. */
    public static PieceDecoder wordPiece(String prefix, boolean tidy) {
        return each((piece, first) -> {
            String text = first ? piece : piece.startsWith(prefix) ? piece.substring(prefix.length()) : " " + piece;
            return tidy ? tidy(text) : text;
        });
    }

    /** As {@link #wordPiece}, where the mark is at the beginning of words and not inside them. */
    public static PieceDecoder markedWords(char mark) {
        return each((piece, first) -> {
            boolean begins = !piece.isEmpty() && piece.charAt(0) == mark;
            return tidy(begins ? (first ? "" : " ") + piece.substring(1) : piece);
        });
    }

    /** Takes the spaces out that stand before punctuation and English contractions. */
    static String tidy(String text) {
        return text.replace(" .", ".")
                .replace(" ?", "?")
                .replace(" !", "!")
                .replace(" ,", ",")
                .replace(" ' ", "'")
                .replace(" n't", "n't")
                .replace(" 'm", "'m")
                .replace(" do not", " don't")
                .replace(" 's", "'s")
                .replace(" 've", "'ve")
                .replace(" 're", "'re");
    }

    /** A space after the mark that ends a word, except at the end of everything. */
    public static PieceDecoder wordEnd(String suffix) {
        return out -> new PieceDecoder.Flow() {
            private final List<String> last = new ArrayList<>(1);

            @Override
            public void accept(String piece) {
                release(" ");
                last.add(piece);
            }

            @Override
            public void finish() {
                release("");
            }

            private void release(String space) {
                last.forEach(p -> out.accept(suffix.isEmpty() ? p : p.replace(suffix, space)));
                last.clear();
            }
        };
    }

    /** Speech recognition's decoder: repeated pieces once, padding dropped, the word mark is a space. */
    public static PieceDecoder ctc(String pad, String wordMark, boolean tidy) {
        return out -> new PieceDecoder.Flow() {
            private final List<String> before = new ArrayList<>(1);

            @Override
            public void accept(String piece) {
                if (before.contains(piece)) {
                    return;
                }
                before.clear();
                before.add(piece);
                String text = pad.isEmpty() ? piece : piece.replace(pad, "");
                emit(tidy ? Decoders.tidy(text).replace(wordMark, " ") : text, out);
            }

            @Override
            public void finish() {}
        };
    }

    /** Pieces {@code <0xHH>} are bytes; a run of them that is no valid UTF-8 becomes one U+FFFD for each. */
    public static PieceDecoder byteFallback() {
        return out -> new PieceDecoder.Flow() {
            private final java.io.ByteArrayOutputStream run = new java.io.ByteArrayOutputStream();

            @Override
            public void accept(String piece) {
                int b = byteOf(piece);
                if (b >= 0) {
                    run.write(b);
                    return;
                }
                finish();
                out.accept(piece);
            }

            @Override
            public void finish() {
                if (run.size() == 0) {
                    return;
                }
                byte[] bytes = run.toByteArray();
                run.reset();
                try {
                    out.accept(StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(java.nio.ByteBuffer.wrap(bytes))
                            .toString());
                } catch (java.nio.charset.CharacterCodingException e) {
                    for (int i = 0; i < bytes.length; i++) {
                        out.accept("\uFFFD");
                    }
                }
            }
        };
    }

    /** The byte that a piece {@code <0xHH>} stands for, or -1. */
    public static int byteOf(String piece) {
        if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
            return -1;
        }
        int high = Character.digit(piece.charAt(3), 16);
        int low = Character.digit(piece.charAt(4), 16);
        return high < 0 || low < 0 ? -1 : 16 * high + low;
    }

    /** Replaces what a pattern finds in each piece. */
    public static PieceDecoder replace(dev.cutaway.text.split.Matcher pattern, String content) {
        return each((piece, first) -> dev.cutaway.text.split.Rewriting.replace(piece, pattern, content));
    }

    /** Takes up to {@code start} of a character from the front and {@code stop} from the end of each piece. */
    public static PieceDecoder strip(int character, int start, int stop) {
        return each((piece, first) -> {
            int[] c = piece.codePoints().toArray();
            int from = 0;
            while (from < Math.min(start, c.length) && c[from] == character) {
                from++;
            }
            int to = c.length;
            while (c.length - to < stop && to > from && c[to - 1] == character) {
                to--;
            }
            return new String(c, from, to - from);
        });
    }

    /** Joins everything before the next decoder sees it; of what may follow only stripping works piece by piece. */
    public static PieceDecoder fuse() {
        return out -> new PieceDecoder.Flow() {
            private final StringBuilder all = new StringBuilder();

            @Override
            public void accept(String piece) {
                all.append(piece);
            }

            @Override
            public void finish() {
                out.accept(all.toString());
            }
        };
    }

    /** As {@link #fuse} followed by {@link #strip} of {@code start} at the front, without waiting for the end. */
    public static PieceDecoder fuseAndStripFront(int character, int start) {
        return out -> new PieceDecoder.Flow() {
            private int left = start;

            @Override
            public void accept(String piece) {
                int at = 0;
                while (left > 0 && at < piece.length()) {
                    if (piece.codePointAt(at) != character) {
                        left = 0;
                    } else {
                        left--;
                        at += Character.charCount(character);
                    }
                }
                emit(piece.substring(at), out);
            }

            @Override
            public void finish() {}
        };
    }

    /** Puts a space between pieces: what happens to a tokenizer without a decoder. */
    public static PieceDecoder spaced() {
        return each((piece, first) -> first ? piece : " " + piece);
    }
}
