package dev.cutaway.text.join;

import java.util.ArrayList;
import java.util.List;

/**
 * Puts special tokens around one text or a pair as a template says ({@code TemplateProcessing}, {@code BertProcessing},
 * {@code RobertaProcessing} and the {@code add_bos_token} of older files).
 *
 * @param single the template for one text
 * @param pair the template for two
 */
public record Template(List<Piece> single, List<Piece> pair) implements PostProcessor {
    public Template {
        single = List.copyOf(single);
        pair = List.copyOf(pair);
    }

    /** One place of a template. */
    public sealed interface Piece {
        /** The tokens of text {@code sequence} (0 or 1), which get token type {@code type}. */
        record Text(int sequence, int type) implements Piece {}

        /** Special tokens. */
        record Special(List<Integer> ids, int type) implements Piece {
            public Special {
                ids = List.copyOf(ids);
            }
        }
    }

    @Override
    public List<Part> apply(List<Part> parts, boolean addSpecial) {
        List<Part> texts = parts.stream().filter(p -> p.sequence() >= 0).toList();
        List<Part> out = new ArrayList<>();
        for (Piece piece : texts.size() > 1 ? pair : single) {
            switch (piece) {
                case Piece.Text t -> {
                    if (t.sequence() < texts.size()) {
                        out.add(texts.get(t.sequence()).withType(t.type()));
                    }
                }
                case Piece.Special s -> {
                    if (addSpecial) {
                        out.add(Part.special(
                                s.type(),
                                s.ids().stream().mapToInt(Integer::intValue).toArray()));
                    }
                }
            }
        }
        return out;
    }

    @Override
    public int[] ids(int[] text, boolean addSpecial) {
        int n = 0;
        for (Piece piece : single) {
            n += size(piece, text, addSpecial);
        }
        int[] out = new int[n];
        int at = 0;
        for (Piece piece : single) {
            if (piece instanceof Piece.Special s && addSpecial) {
                for (int i = 0; i < s.ids().size(); i++) {
                    out[at + i] = s.ids().get(i);
                }
            } else if (piece instanceof Piece.Text t && t.sequence() == 0) {
                System.arraycopy(text, 0, out, at, text.length);
            }
            at += size(piece, text, addSpecial);
        }
        return out;
    }

    private static int size(Piece piece, int[] text, boolean addSpecial) {
        return piece instanceof Piece.Special s
                ? addSpecial ? s.ids().size() : 0
                : piece instanceof Piece.Text t && t.sequence() == 0 ? text.length : 0;
    }
}
