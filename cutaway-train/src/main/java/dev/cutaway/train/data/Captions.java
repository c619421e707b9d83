package dev.cutaway.train.data;

import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.SpecialTokens;
import dev.cutaway.train.Example;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.function.LongFunction;

/**
 * Images with words about them: one sequence each, of which the words are learnt.
 *
 * @param images what is seen
 * @param captions what may be said of an image, each as ids from the first to the end token; one of them is drawn
 */
record Captions(Images images, LongFunction<int[][]> captions) implements Source {
    /** What a template holds in place of the class. */
    static final String CLASS = "{class}";

    /** Captions that depend on the class alone. */
    static Captions ofClasses(Images images, List<List<String>> texts, DataContext context) {
        Ids ids = Ids.of(context, images.complained());
        int[][][] encoded = texts.stream()
                .map(of -> of.stream().map(ids::of).toArray(int[][]::new))
                .toArray(int[][][]::new);
        return new Captions(images, i -> encoded[images.answers()[(int) i]]);
    }

    /** A caption for each image. */
    static Captions ofEach(Images images, List<String> texts, DataContext context) {
        Ids ids = Ids.of(context, images.complained());
        int[][][] encoded = texts.stream().map(t -> new int[][] {ids.of(t)}).toArray(int[][][]::new);
        return new Captions(images, i -> encoded[(int) i]);
    }

    /** How captions become ids: the first token before, the end token behind, no longer than there are positions. */
    private record Ids(Vocabulary vocabulary, int room, Complaints complaints) {
        static Ids of(DataContext context, Complaints complaints) {
            int room = context.context() - context.image().patches();
            if (room < 2) {
                throw new UsageException(
                        "context: " + context.context() + " positions leave no words behind an image's "
                                + context.image().patches() + " patches; make it larger");
            }
            return new Ids(Vocabulary.of(context), room, complaints);
        }

        int[] of(String text) {
            SpecialTokens special = vocabulary.tokenizer().special();
            int begin = vocabulary.requireRole(special.bos(), "first token (bos_token)");
            int end = vocabulary.requireRole(special.eos(), "end token (eos_token)");
            int[] ids = Vocabulary.around(OptionalInt.of(begin), vocabulary.ids(text), OptionalInt.of(end));
            if (ids.length - 1 <= room) { // the end token is predicted only
                return ids;
            }
            complaints.note("captions longer than the context, cut");
            return Arrays.copyOf(ids, room + 1);
        }
    }

    @Override
    public long size() {
        return images.size();
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        int[][] all = captions.apply(i);
        int[] ids = all.length == 1 ? all[0] : all[draws.nextInt(all.length)];
        int n = ids.length;
        return Example.captioned(images.patches(i, draws), Arrays.copyOf(ids, n - 1), Arrays.copyOfRange(ids, 1, n));
    }

    @Override
    public String name() {
        return images.name();
    }

    @Override
    public List<String> complaints() {
        return images.complaints();
    }

    @Override
    public List<String> classes() {
        return images.classes();
    }

    @Override
    public Map<String, Object> preprocessor() {
        return images.preprocessor();
    }
}
