package dev.cutaway.text.pipeline;

import dev.cutaway.text.join.Part;
import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.UnicodeForm;
import dev.cutaway.text.split.ByteLevel;
import dev.cutaway.text.split.Cut;
import dev.cutaway.text.split.KnownPattern;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.split.Split;
import dev.cutaway.text.subword.Bpe;
import dev.cutaway.text.subword.ByteAlphabet;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.subword.Tokens;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A short cut for the commonest kind of tokenizer, byte-level BPE over text that no step changes.
 *
 * <p>The long way spells every byte as a letter and keeps two offsets for each. Here words are cut from the text as it is and looked up
 * in a cache by their own characters; only a word that is not there is spelled in letters and merged. Offsets need no
 * alignment: a piece of n letters stands for n bytes, so they are a running sum. Tests hold it to the long way.
 */
final class ByteLevelPath {
    private static final int SLOTS = 1 << 16;
    private static final int LONGEST_WORD = 64;

    /** Cuts text into words. */
    private interface Cutter {
        void cut(String text, int from, int to, Words out);
    }

    /** Takes words. */
    private interface Words {
        void word(int from, int to);
    }

    @SuppressWarnings("ArrayRecordComponent") // internal hot data, never compared
    private record Entry(String word, int[] ids) {}

    private final Cutter cutter;
    private final Model model;
    private final AddedTokens added;
    private final int plainBelow; // text with a character from here on takes the long way
    private final AtomicReferenceArray<@Nullable Entry> cache = new AtomicReferenceArray<>(SLOTS);

    private ByteLevelPath(Cutter cutter, Model model, AddedTokens added, int plainBelow) {
        this.cutter = cutter;
        this.model = model;
        this.added = added;
        this.plainBelow = plainBelow;
    }

    /** The short cut for a tokenizer's parts, if they allow it. */
    static Optional<ByteLevelPath> of(Normaliser normaliser, PreTokenizer pre, Model model, AddedTokens added) {
        boolean unchanged = normaliser.equals(Normaliser.NONE);
        if (!(model instanceof Bpe bpe) || !bpe.spellsAllBytes() || added.hasNormalised()) {
            return Optional.empty();
        }
        if (!unchanged && normaliser != UnicodeForm.NFC) {
            return Optional.empty();
        }
        return cutter(pre).map(c -> new ByteLevelPath(c, model, added, unchanged ? Integer.MAX_VALUE : 0x300));
    }

    private static Optional<Cutter> cutter(PreTokenizer pre) {
        List<PreTokenizer> steps =
                new ArrayList<>(pre instanceof PreTokenizer.Chain chain ? chain.steps() : List.of(pre));
        if (steps.isEmpty() || !(steps.removeLast() instanceof ByteLevel last) || last.prefixSpace()) {
            return Optional.empty();
        }
        if (last.pattern()) {
            steps.add(Split.isolated(KnownPattern.GPT2));
        }
        for (PreTokenizer step : steps) {
            if (!(step instanceof Split)) {
                return Optional.empty();
            }
        }
        if (steps.size() == 1 && known(steps.get(0)).isPresent()) {
            KnownPattern only = known(steps.get(0)).get();
            return Optional.of((text, from, to, out) -> only(only, text, from, to, out));
        }
        if (steps.size() == 2 && known(steps.get(1)).isPresent()) {
            Optional<IntPredicate> number = ((Split) steps.get(0)).singleNumbers();
            KnownPattern rest = known(steps.get(1)).get();
            if (number.isPresent()) {
                return Optional.of((text, from, to, out) -> numbersThen(number.get(), rest, text, from, to, out));
            }
        }
        PreTokenizer all = new PreTokenizer.Chain(steps);
        return Optional.of((text, from, to, out) -> {
            Cut whole = Cut.empty(new AlignedText(text, new int[0], new int[0], 0), 1);
            whole.add(from, to);
            Cut cut = all.apply(whole);
            for (int i = 0; i < cut.count(); i++) {
                out.word(cut.from(i), cut.to(i));
            }
        });
    }

    private static Optional<KnownPattern> known(PreTokenizer step) {
        return step instanceof Split split ? split.knownPattern() : Optional.empty();
    }

    private static void only(KnownPattern pattern, String text, int from, int to, Words out) {
        for (int at = from; at < to; ) {
            int end = pattern.end(text, at, to);
            out.word(at, end);
            at = end;
        }
    }

    private static void numbersThen(
            IntPredicate number, KnownPattern pattern, String text, int from, int to, Words out) {
        for (int at = from; at < to; ) {
            int end = at + Character.charCount(text.codePointAt(at));
            if (number.test(text.codePointAt(at))) {
                out.word(at, end);
            } else {
                while (end < to && !isNumber(number, text, end)) {
                    end++;
                }
                only(pattern, text, at, end, out);
            }
            at = end;
        }
    }

    private static boolean isNumber(IntPredicate number, String text, int at) {
        char c = text.charAt(at);
        return c < 0x80 ? c >= '0' && c <= '9' : number.test(text.codePointAt(at));
    }

    /** Whether this text may take the short cut. */
    boolean takes(String text) {
        if (plainBelow == Integer.MAX_VALUE) {
            return true;
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= plainBelow) {
                return false;
            }
        }
        return true;
    }

    /** The tokens of a text, as the long way gives them. */
    Part encode(String text, int sequence, boolean parseSpecial) {
        Run run = new Run(text);
        added.find(text, parseSpecial, run);
        run.words(text.length());
        return run.out.done(sequence);
    }

    /** One text. */
    private final class Run implements AddedTokens.Hits {
        private final String text;
        private final Pipeline.PartBuilder out;
        private final Tokens tokens = new Tokens();
        private int done; // UTF-16 units that are encoded
        private int bytes; // and their length in UTF-8

        Run(String text) {
            this.text = text;
            this.out = new Pipeline.PartBuilder(text.length() / 3 + 8);
        }

        @Override
        public void hit(AddedToken token, int from, int to, int leading, int trailing) {
            words(from);
            int length = utf8Length(text, from, to);
            out.spaces(leading, trailing);
            out.add(token.id(), bytes, bytes + length);
            bytes += length;
            done = to;
        }

        void words(int to) {
            if (done < to) {
                cutter.cut(text, done, to, this::word);
                done = to;
            }
        }

        private void word(int from, int to) {
            int slot = PieceTable.hash(text, from, to) & (SLOTS - 1);
            Entry entry = cache.getAcquire(slot);
            int[] ids;
            if (entry != null && entry.word.length() == to - from && text.startsWith(entry.word, from)) {
                ids = entry.ids;
            } else {
                ids = merge(from, to);
                if (to - from <= LONGEST_WORD) {
                    cache.setRelease(slot, new Entry(text.substring(from, to), ids));
                }
            }
            for (int id : ids) {
                int length = model.vocabulary().length(id);
                out.add(id, bytes, bytes + length);
                bytes += length;
            }
        }

        private int[] merge(int from, int to) {
            byte[] utf8 = text.substring(from, to).getBytes(StandardCharsets.UTF_8);
            char[] letters = new char[utf8.length];
            for (int i = 0; i < utf8.length; i++) {
                letters[i] = ByteAlphabet.letter(utf8[i] & 0xFF);
            }
            tokens.truncate(0);
            model.encode(new String(letters), 0, letters.length, tokens);
            int[] ids = new int[tokens.count()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = tokens.id(i);
            }
            return ids;
        }
    }

    static int utf8Length(String text, int from, int to) {
        int n = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            n += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return n;
    }
}
