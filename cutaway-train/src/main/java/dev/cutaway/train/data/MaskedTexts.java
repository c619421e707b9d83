package dev.cutaway.train.data;

import dev.cutaway.train.Example;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/** Pieces of text between [CLS] and [SEP], words hidden anew each time. */
final class MaskedTexts implements Source {
    private final String name;
    private final TokenStore store;
    private final Pieces pieces;
    private final Masker masker;
    private final OptionalInt first;
    private final OptionalInt last;
    private final Complaints complained;

    MaskedTexts(
            String name,
            TokenStore store,
            Pieces pieces,
            MaskOptions options,
            DataContext context,
            Complaints complained) {
        this.name = name;
        this.store = store;
        this.pieces = pieces;
        this.complained = complained;
        Vocabulary v = Vocabulary.of(context);
        this.masker = new Masker(options, v);
        this.first = v.tokenizer().special().cls();
        this.last = v.tokenizer().special().sep();
    }

    @Override
    public long size() {
        return pieces.count();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        int[] ids = Vocabulary.around(first, pieces.get(store, i), last);
        int[] positions = new int[ids.length];
        Arrays.setAll(positions, p -> p);
        int[] labels = masker.hide(ids, draws);
        return Example.encoder(ids, new int[ids.length], positions, labels);
    }

    @Override
    public List<String> complaints() {
        return complained.list();
    }

    @Override
    public void close() {
        store.close();
    }
}
