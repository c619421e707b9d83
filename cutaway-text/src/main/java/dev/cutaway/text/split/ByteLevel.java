package dev.cutaway.text.split;

import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.subword.ByteAlphabet;
import java.nio.charset.StandardCharsets;

/**
 * GPT-2's step: splits by its pattern (if asked) and writes each byte of the UTF-8 form as one letter of {@link ByteAlphabet}.
 *
 * @param prefixSpace puts a space before a piece that does not begin with one
 * @param pattern splits by GPT-2's pattern first
 */
public record ByteLevel(boolean prefixSpace, boolean pattern) implements PreTokenizer {
    @Override
    public Cut apply(Cut cut) {
        Cut now = prefixSpace ? withSpaces(cut) : cut;
        if (pattern) {
            now = new Split(KnownPattern.GPT2, Behaviour.ISOLATED, false, "ByteLevel").apply(now);
        }
        return letters(now);
    }

    private static Cut withSpaces(Cut cut) {
        Assembler out = new Assembler(cut);
        for (int i = 0; i < cut.count(); i++) {
            out.begin();
            if (cut.text().text().charAt(cut.from(i)) != ' ') {
                out.put(' ', cut.text().start()[cut.from(i)], cut.text().end()[cut.from(i)]);
            }
            out.copy(cut.from(i), cut.to(i));
            out.end();
        }
        return out.done();
    }

    private static Cut letters(Cut cut) {
        AlignedText text = cut.text();
        Assembler out = new Assembler(cut);
        for (int i = 0; i < cut.count(); i++) {
            out.begin();
            for (int at = cut.from(i); at < cut.to(i); at++) {
                char c = text.text().charAt(at);
                if (c < 0x80) {
                    out.put(ByteAlphabet.letter(c), text.start()[at], text.end()[at]);
                } else {
                    int code = text.text().codePointAt(at);
                    spell(code, text.start()[at], text.end()[at], out);
                    at += Character.charCount(code) - 1;
                }
            }
            out.end();
        }
        return out.done();
    }

    private static void spell(int code, int start, int end, Assembler out) {
        byte[] utf8 = Character.toString(code).getBytes(StandardCharsets.UTF_8);
        // An unchanged character's letters stand for one byte each; those of a changed one for all that it came from.
        boolean exact = utf8.length == end - start;
        for (int b = 0; b < utf8.length; b++) {
            out.put(ByteAlphabet.letter(utf8[b] & 0xFF), exact ? start + b : start, exact ? start + b + 1 : end);
        }
    }

    @Override
    public String describe() {
        return "ByteLevel" + (pattern ? "(" + KnownPattern.GPT2.describe() + ")" : "");
    }
}
