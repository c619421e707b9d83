package dev.cutaway.text.normal;

import dev.cutaway.text.subword.ByteAlphabet;
import java.nio.charset.StandardCharsets;

/** Writes each byte of the UTF-8 form as a letter, before the text is cut. */
public enum ByteLetters implements Normaliser {
    /** The only one. */
    INSTANCE;

    @Override
    public AlignedText apply(AlignedText text) {
        Rewriter out = new Rewriter(text);
        while (out.cursor() < text.length()) {
            int at = out.cursor();
            int start = text.start()[at];
            int end = text.end()[at];
            byte[] utf8 = Character.toString(text.text().codePointAt(at)).getBytes(StandardCharsets.UTF_8);
            boolean exact = utf8.length == end - start;
            for (int b = 0; b < utf8.length; b++) {
                out.put(ByteAlphabet.letter(utf8[b] & 0xFF), exact ? start + b : start, exact ? start + b + 1 : end);
            }
            out.skip(1);
        }
        return out.done();
    }

    @Override
    public String describe() {
        return "ByteLevel";
    }
}
