package dev.cutaway.text.pipeline;

import dev.cutaway.text.join.Part;
import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.UnicodeForm;
import dev.cutaway.text.split.ByteCutter;
import dev.cutaway.text.split.ByteLevel;
import dev.cutaway.text.split.Cut;
import dev.cutaway.text.split.KnownPattern;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.split.Split;
import dev.cutaway.text.subword.Bpe;
import dev.cutaway.text.subword.ByteWords;
import dev.cutaway.text.subword.Model;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A short cut for the commonest kind of tokenizer, byte-level BPE over text that no step changes.
 *
 * <p>The long way spells every byte as a letter and keeps two offsets for each. Here words are cut from the text's UTF-8 form and
 * become tokens by {@link ByteWords}. Offsets need no alignment: a piece of n letters stands for n bytes, so they are a running
 * sum, made only where they are wanted. Tests hold it to the long way.
 */
final class ByteLevelPath {
    private static final int KEPT = 16; // word memories that wait for the next text

    /** Cuts text into words. */
    private interface Cutter {
        void cut(Run run, int from, int to, int fromByte, int toByte);
    }

    private final Cutter cutter;
    private final Bpe model;
    private final AddedTokens added;
    private final int plainBelow; // text with a character from here on takes the long way
    private final AtomicReferenceArray<@Nullable ByteWords> idle = new AtomicReferenceArray<>(KEPT);

    private ByteLevelPath(Cutter cutter, Bpe model, AddedTokens added, int plainBelow) {
        this.cutter = cutter;
        this.model = model;
        this.added = added;
        this.plainBelow = plainBelow;
    }

    /** The short cut for a tokenizer's parts, if they allow it. */
    @SuppressWarnings("ReferenceEquality") // the equality of records is made when it is first used, and that takes long
    static Optional<ByteLevelPath> of(Normaliser normaliser, PreTokenizer pre, Model model, AddedTokens added) {
        boolean unchanged = normaliser == Normaliser.NONE;
        if (!(model instanceof Bpe bpe) || bpe.byteWords().isEmpty() || added.hasNormalised()) {
            return Optional.empty();
        }
        if (!unchanged && normaliser != UnicodeForm.NFC) {
            return Optional.empty();
        }
        return cutter(pre).map(c -> new ByteLevelPath(c, bpe, added, unchanged ? Integer.MAX_VALUE : 0x300));
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
            return Optional.of(bytes(ByteCutter.of(known(steps.get(0)).get())));
        }
        if (steps.size() == 2 && known(steps.get(1)).isPresent()) {
            Optional<IntPredicate> number = ((Split) steps.get(0)).singleNumbers();
            if (number.isPresent()) {
                return Optional.of(bytes(ByteCutter.of(known(steps.get(1)).get(), number.get())));
            }
        }
        return Optional.of(strings(new PreTokenizer.Chain(steps)));
    }

    private static Optional<KnownPattern> known(PreTokenizer step) {
        return step instanceof Split split ? split.knownPattern() : Optional.empty();
    }

    private static Cutter bytes(ByteCutter pattern) {
        return (run, from, to, fromByte, toByte) -> {
            byte[] utf8 = run.utf8;
            ByteWords words = run.words;
            for (int at = fromByte; at < toByte; ) {
                int end = pattern.end(utf8, at, toByte);
                words.word(utf8, at, end);
                at = end;
            }
        };
    }

    private static Cutter strings(PreTokenizer all) {
        return (run, from, to, fromByte, toByte) -> {
            Cut whole = Cut.empty(new AlignedText(run.text, new int[0], new int[0], 0), 1);
            whole.add(from, to);
            Cut cut = all.apply(whole);
            int at = from;
            int byteAt = fromByte;
            for (int i = 0; i < cut.count(); i++) {
                byteAt += utf8Length(run.text, at, cut.from(i));
                at = cut.to(i);
                int end = byteAt + utf8Length(run.text, cut.from(i), at);
                run.words.word(run.utf8, byteAt, end);
                byteAt = end;
            }
        };
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

    /** The tokens of a text, as the long way gives them; empty if a byte of it is no token, which only the long way can do. */
    Optional<Part> encode(String text, int sequence, boolean parseSpecial) {
        Run run = new Run(text, words());
        try {
            return run.ids(parseSpecial).map(ids -> run.offsets(ids, sequence));
        } finally {
            giveBack(run.words);
        }
    }

    /** Just the ids. */
    Optional<int[]> ids(String text, boolean parseSpecial) {
        Run run = new Run(text, words());
        try {
            return run.ids(parseSpecial);
        } finally {
            giveBack(run.words);
        }
    }

    private ByteWords words() {
        for (int i = 0; i < KEPT; i++) {
            if (idle.getPlain(i) != null) {
                ByteWords words = idle.getAndSet(i, null);
                if (words != null) {
                    return words;
                }
            }
        }
        return model.byteWords().orElseThrow();
    }

    private void giveBack(ByteWords words) {
        for (int i = 0; i < KEPT; i++) {
            if (idle.getPlain(i) == null && idle.compareAndSet(i, null, words)) {
                return;
            }
        }
    }

    /** One text. */
    private final class Run implements AddedTokens.Hits {
        private final String text;
        private final byte[] utf8;
        private final ByteWords words;
        private int done; // UTF-16 units that are encoded
        private int doneBytes; // and their length in UTF-8
        private int[] hits = new int[0]; // of each added token: its place, its first byte, the byte after the last
        private int hitCount;
        private final Map<Integer, Part.Spaces> spaces = new HashMap<>();

        Run(String text, ByteWords words) {
            this.text = text;
            this.utf8 = text.getBytes(StandardCharsets.UTF_8);
            this.words = words;
        }

        Optional<int[]> ids(boolean parseSpecial) {
            words.begin(utf8.length / 4 + 8);
            added.find(text, parseSpecial, this);
            words(text.length());
            int[] ids = words.end();
            return words.unspelled() ? Optional.empty() : Optional.of(ids);
        }

        @Override
        public void hit(AddedToken token, int from, int to, int leading, int trailing) {
            words(from);
            int length = utf8Length(text, from, to);
            if (leading > 0 || trailing > 0) {
                spaces.put(words.count(), new Part.Spaces(leading, trailing));
            }
            if (3 * hitCount == hits.length) {
                hits = Arrays.copyOf(hits, 2 * hits.length + 12);
            }
            hits[3 * hitCount] = words.count();
            hits[3 * hitCount + 1] = doneBytes;
            doneBytes += length;
            hits[3 * hitCount++ + 2] = doneBytes;
            words.add(token.id());
            done = to;
        }

        private void words(int to) {
            if (done < to) {
                int toByte = utf8.length == text.length()
                        ? to
                        : to == text.length() ? utf8.length : doneBytes + utf8Length(text, done, to);
                cutter.cut(this, done, to, doneBytes, toByte);
                done = to;
                doneBytes = toByte;
            }
        }

        Part offsets(int[] ids, int sequence) {
            int[] starts = new int[ids.length];
            int[] ends = new int[ids.length];
            int at = 0;
            int hit = 0;
            for (int i = 0; i < ids.length; i++) {
                if (hit < hitCount && hits[3 * hit] == i) {
                    starts[i] = hits[3 * hit + 1];
                    at = hits[3 * hit++ + 2];
                } else {
                    starts[i] = at;
                    at += model.vocabulary().length(ids[i]);
                }
                ends[i] = at;
            }
            return new Part(ids, starts, ends, 0, sequence, spaces);
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
