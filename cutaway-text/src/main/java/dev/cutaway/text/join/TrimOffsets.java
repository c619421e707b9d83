package dev.cutaway.text.join;

import dev.cutaway.text.subword.PieceTable;
import java.util.ArrayList;
import java.util.List;

/**
 * Leaves the spaces at a token's ends out of its offsets ({@code ByteLevel} and {@code RobertaProcessing} with
 * {@code trim_offsets}). Ids stay as they are.
 *
 * @param pieces the vocabulary, whose pieces show the spaces
 * @param prefixSpace whether the first token may begin with a space that was put there
 */
public record TrimOffsets(PieceTable pieces, boolean prefixSpace) implements PostProcessor {
    @Override
    public List<Part> apply(List<Part> parts, boolean addSpecial) {
        List<Part> out = new ArrayList<>();
        for (Part part : parts) {
            out.add(part.sequence() < 0 ? part : trim(part.copy()));
        }
        return out;
    }

    @Override
    public int[] ids(int[] text, boolean addSpecial) {
        return text;
    }

    private Part trim(Part part) {
        for (int i = 0; i < part.ids().length; i++) {
            Part.Spaces added = part.spaces().get(i);
            String piece = pieces.piece(part.ids()[i]);
            if (added != null) {
                trim(part, i, added.leading(), added.trailing(), false);
            } else if (piece != null) {
                int leading = spaces(piece, true);
                trim(part, i, leading, spaces(piece, false), leading == piece.length());
            }
        }
        return part;
    }

    private void trim(Part part, int i, int leading, int trailing, boolean onlySpaces) {
        boolean own = leading == 1 && prefixSpace && (i == 0 || part.starts()[i] == 0);
        if (own && onlySpaces) { // the space that was put there stands for nothing
            part.ends()[i] = part.starts()[i];
            return;
        }
        if (leading > 0 && !own) {
            part.starts()[i] = Math.min(part.starts()[i] + leading, part.ends()[i]);
        }
        if (trailing > 0 && part.ends()[i] >= trailing) {
            part.ends()[i] = Math.max(part.ends()[i] - trailing, part.starts()[i]);
        }
    }

    private static int spaces(String piece, boolean front) {
        int n = 0;
        while (n < piece.length()) {
            char c = piece.charAt(front ? n : piece.length() - 1 - n);
            if (c != '\u0120' && !dev.cutaway.text.split.CharClass.isSpace(c)) {
                break;
            }
            n++;
        }
        return n;
    }
}
