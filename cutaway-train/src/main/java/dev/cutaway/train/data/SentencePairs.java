package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.SpecialTokens;
import dev.cutaway.train.Example;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * [CLS] a [SEP] b [SEP] with words hidden: b follows a, or, every other time, is from another document. What does not fit is cut off
 * at the end, of the longer first.
 */
final class SentencePairs implements Source {
    private final String name;
    private final TokenStore sentences;
    private final int[] documents; // first sentence of each, and where the last ends
    private final int[] firsts; // sentences that another follows
    private final boolean fill;
    private final int room;
    private final Masker masker;
    private final int cls;
    private final int sep;
    private final Complaints complained;

    SentencePairs(
            String name,
            TokenStore sentences,
            int[] documents,
            SentenceData data,
            Vocabulary v,
            DataContext context,
            Complaints complained) {
        this.name = name;
        this.sentences = sentences;
        this.documents = documents;
        this.fill = data.fill();
        this.room = context.context() - 3;
        this.masker = new Masker(data.masks(), v);
        SpecialTokens s = v.tokenizer().special();
        this.cls = v.requireRole(s.cls(), "token before a text (cls_token)");
        this.sep = v.requireRole(s.sep(), "token between texts (sep_token)");
        this.complained = complained;
        this.firsts = IntStream.range(0, documents.length - 1)
                .flatMap(d -> IntStream.range(documents[d], documents[d + 1] - 1))
                .toArray();
        if (firsts.length == 0) {
            throw new BadInputException(name + ": no document has two sentences; put one sentence on a line");
        }
    }

    @Override
    public long size() {
        return firsts.length;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        int first = firsts[(int) i];
        int document = documentOf(first);
        boolean follows = draws.nextBoolean();
        int chunk = fill ? filled(first, documents[document + 1], room) : 2;
        int cut = first + 1 + (chunk > 2 ? draws.nextInt(chunk - 1) : 0); // where b begins if it follows
        int[] a = tokens(first, cut);
        int[] b;
        if (follows) {
            b = tokens(cut, first + chunk);
        } else {
            int other = elsewhere(document, draws);
            int end = documents[documentOf(other) + 1];
            b = tokens(other, other + (fill ? filled(other, end, Math.max(1, room - a.length)) : 1));
        }
        return pair(a, b, draws).with(Prepared.NEXT_SENTENCE, follows ? 0 : 1);
    }

    private int documentOf(int sentence) {
        int at = Arrays.binarySearch(documents, sentence);
        return at >= 0 ? at : -at - 2;
    }

    /** Any sentence of another document. */
    private int elsewhere(int document, SplittableRandom draws) {
        int own = documents[document + 1] - documents[document];
        int i = draws.nextInt(sentences.sequences() - own);
        return i < documents[document] ? i : i + own;
    }

    /** How many sentences from here fill so many tokens: two at least where there are two. */
    private int filled(int from, int end, int tokens) {
        int n = 1;
        int sum = sentences.length(from);
        while (from + n < end && (n < 2 || sum + sentences.length(from + n) <= tokens)) {
            sum += sentences.length(from + n);
            n++;
        }
        return n;
    }

    private int[] tokens(int from, int to) {
        return sentences.copy(sentences.start(from), (int) (sentences.start(to) - sentences.start(from)));
    }

    private Example pair(int[] a, int[] b, SplittableRandom draws) {
        int[] lengths = fit(a.length, b.length, room);
        int n = lengths[0] + lengths[1] + 3;
        int[] ids = new int[n];
        ids[0] = cls;
        System.arraycopy(a, 0, ids, 1, lengths[0]);
        ids[lengths[0] + 1] = sep;
        System.arraycopy(b, 0, ids, lengths[0] + 2, lengths[1]);
        ids[n - 1] = sep;
        int[] types = new int[n];
        Arrays.fill(types, lengths[0] + 2, n, 1);
        int[] positions = new int[n];
        Arrays.setAll(positions, p -> p);
        int[] labels = masker.hide(ids, draws);
        return Example.encoder(ids, types, positions, labels);
    }

    /** Lengths that fit together: tokens leave the longer, of two equal ones the second, as transformers' longest_first. */
    static int[] fit(int a, int b, int room) {
        int x = a;
        int y = b;
        while (x + y > room) {
            if (x > y) {
                x--;
            } else {
                y--;
            }
        }
        return new int[] {x, y};
    }

    @Override
    public List<String> complaints() {
        return complained.list();
    }

    @Override
    public void close() {
        sentences.close();
    }
}
