package dev.cutaway.text.pipeline;

import dev.cutaway.text.join.Part;
import dev.cutaway.text.join.PieceDecoder;
import dev.cutaway.text.join.PostProcessor;
import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.split.Cut;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.Tokens;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Everything that a tokenizer file says, ready to run: what loaders make and {@code Tokenizer} wraps.
 *
 * @param source the file it came from, for messages
 * @param added tokens found before anything else
 * @param normaliser changes the text
 * @param preTokenizer cuts it
 * @param model turns pieces into tokens
 * @param postProcessor adds special tokens
 * @param decoder turns pieces back into text
 * @param roles which id is {@code bos}, {@code eos}, {@code unk}, {@code pad}, {@code sep}, {@code cls}, {@code mask}
 * @param ends ids after which a model has said what it wanted to say
 */
public record Pipeline(
        String source,
        AddedTokens added,
        Normaliser normaliser,
        PreTokenizer preTokenizer,
        Model model,
        PostProcessor postProcessor,
        PieceDecoder decoder,
        Map<String, Integer> roles,
        Set<Integer> ends) {
    public Pipeline {
        roles = Map.copyOf(roles);
        ends = Set.copyOf(ends);
    }

    /** The tokens of one text before post-processing, the long way. */
    public Part encodeByTheSteps(String text, int sequence, boolean parseSpecial) {
        PartBuilder out = new PartBuilder(text.length() / 3 + 8);
        Tokens tokens = new Tokens();
        for (AddedTokens.Section section : added.divide(text, normaliser, parseSpecial)) {
            switch (section) {
                case AddedTokens.Section.Found f -> {
                    out.spaces(f.leading(), f.trailing());
                    out.add(f.token().id(), f.start(), f.end());
                }
                case AddedTokens.Section.Text t -> {
                    Cut cut = preTokenizer.apply(Cut.whole(t.text()));
                    tokens.truncate(0);
                    for (int i = 0; i < cut.count(); i++) {
                        model.encode(cut.text().text(), cut.from(i), cut.to(i), tokens);
                    }
                    for (int i = 0; i < tokens.count(); i++) {
                        out.add(tokens, i, cut.text());
                    }
                }
            }
        }
        return out.done(sequence);
    }

    /** Collects tokens with their offsets. */
    public static final class PartBuilder {
        private int[] ids;
        private int[] starts;
        private int[] ends;
        private int count;
        private final Map<Integer, Part.Spaces> spaces = new HashMap<>();

        /** Room for about {@code room} tokens. */
        public PartBuilder(int room) {
            ids = new int[room];
            starts = new int[room];
            ends = new int[room];
        }

        /** The next token took spaces beside its own text. */
        void spaces(int leading, int trailing) {
            if (leading > 0 || trailing > 0) {
                spaces.put(count, new Part.Spaces(leading, trailing));
            }
        }

        /** Adds a token that stands for bytes {@code [start, end)}. */
        public void add(int id, int start, int end) {
            if (count == ids.length) {
                ids = java.util.Arrays.copyOf(ids, 2 * count + 8);
                starts = java.util.Arrays.copyOf(starts, 2 * count + 8);
                ends = java.util.Arrays.copyOf(ends, 2 * count + 8);
            }
            ids[count] = id;
            starts[count] = start;
            ends[count++] = end;
        }

        /** Adds token {@code i} of {@code tokens}, whose positions are in {@code text}. */
        public void add(Tokens tokens, int i, AlignedText text) {
            int from = tokens.from(i);
            int to = tokens.to(i);
            if (from >= to) {
                int at = from < text.length() ? text.start()[from] : from > 0 ? text.end()[from - 1] : text.base();
                add(tokens.id(i), at, at);
                return;
            }
            int start = text.start()[from];
            int end = text.end()[to - 1];
            int part = tokens.part(i);
            if (part >= 0 && end - start == utf8Length(text.text(), from, to)) {
                start += part;
                end = start + 1;
            }
            add(tokens.id(i), start, end);
        }

        private static int utf8Length(String text, int from, int to) {
            int n = 0;
            for (int i = from; i < to; i++) {
                char c = text.charAt(i);
                n += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            }
            return n;
        }

        /** The tokens so far, of text {@code sequence}. */
        public Part done(int sequence) {
            return new Part(
                    java.util.Arrays.copyOf(ids, count),
                    java.util.Arrays.copyOf(starts, count),
                    java.util.Arrays.copyOf(ends, count),
                    0,
                    sequence,
                    spaces);
        }
    }
}
