package dev.cutaway.inspect;

import dev.cutaway.graph.look.Explanation;
import dev.cutaway.inspect.InspectedModel.Derivation;
import dev.cutaway.inspect.InspectedModel.Draw;
import dev.cutaway.inspect.InspectedModel.Factor;
import dev.cutaway.inspect.InspectedModel.Generated;
import dev.cutaway.inspect.InspectedModel.Matrix;
import dev.cutaway.inspect.InspectedModel.Named;
import dev.cutaway.inspect.InspectedModel.Piece;
import dev.cutaway.inspect.InspectedModel.Settings;
import dev.cutaway.inspect.InspectedModel.Stored;
import dev.cutaway.inspect.InspectedModel.Term;
import dev.cutaway.model.Family;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.StoredWeight;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** A session of the engine and the look at it. */
final class LookSequence implements InspectedModel.Sequence {
    private static final System.Logger LOG = System.getLogger(LookSequence.class.getName());
    private static final int MOST_TERMS = 64;

    private final Model model;
    private final Texts texts;
    private final Session session;
    private Optional<Look> look = Optional.empty();

    LookSequence(Model model, Texts texts, Session session) {
        this.model = model;
        this.texts = texts;
        this.session = session;
    }

    /** The look at what the session holds now; kept, because it keeps what it computed, until the session runs again. */
    private Look look() {
        if (look.isEmpty()) {
            look = Optional.of(session.look());
        }
        return look.get();
    }

    @Override
    public List<Piece> prompt(String text, int... then) {
        look = Optional.empty();
        switch (model.family()) {
            case DECODER -> session.set(joined(texts.ids(text), then));
            case ENCODER -> session.encode(texts.ids(text), new int[0], new int[0]);
            case ENCODER_DECODER ->
                throw new BadInputException(model.name() + ": this page draws one row of tokens, and this model ("
                        + model.architecture() + ") reads one text and writes another; look at its tensors with: "
                        + "cutaway probe MODEL --source TEXT --target TEXT --list");
            case VISION ->
                throw new BadInputException(model.name() + ": this page reads text, and this model ("
                        + model.architecture() + ") reads images; look at its tensors with: "
                        + "cutaway probe MODEL --image FILE --list");
        }
        return tokens();
    }

    private int[] joined(int[] ids, int[] then) {
        int vocabulary = model.sizes().vocabulary();
        for (int id : then) {
            if (id < 0 || id >= vocabulary) {
                throw new BadInputException("the page's address holds the token " + id + ", but " + model.name()
                        + " has tokens from 0 to " + (vocabulary - 1) + "; take it out of the address");
            }
        }
        int[] all = Arrays.copyOf(ids, ids.length + then.length);
        System.arraycopy(then, 0, all, ids.length, then.length);
        return all;
    }

    @Override
    public List<Piece> tokens() {
        return texts.pieces(session.tokens());
    }

    @Override
    public void generate(Settings settings, int most, Consumer<Generated> onToken) {
        look = Optional.empty();
        IntFunction<String> decoder = texts.decoder();
        Set<Integer> ends = model.endTokens();
        int vocabulary = model.sizes().vocabulary();
        try {
            for (int i = 0; i < most; i++) {
                int id = NextToken.sampler(settings, session.length() - 1, vocabulary)
                        .next(session.logits());
                if (ends.contains(id)) {
                    return;
                }
                session.append(id);
                onToken.accept(new Generated(new Piece(id, texts.word(id)), decoder.apply(id)));
            }
        } catch (CancellationException e) {
            LOG.log(System.Logger.Level.DEBUG, "generation was stopped");
        }
    }

    @Override
    public Draw draw(int position, Settings settings, int candidates) {
        float[] logits = look().value("logits", position, position + 1).toFloats();
        return NextToken.draw(logits, position, settings, candidates, texts::word);
    }

    @Override
    public void cancel() {
        session.cancel();
    }

    @Override
    public void truncate(int length) {
        look = Optional.empty();
        // The last token is run again, so that its logits are those of the run.
        int[] kept = Arrays.copyOf(session.tokens(), Math.clamp(length, 1, session.length()));
        session.set(kept);
    }

    @Override
    public List<Named> list() {
        return look().list().stream()
                .map(t -> new Named(t.name(), t.dims(), t.sizes(), t.meaning()))
                .toList();
    }

    @Override
    public Matrix rows(String name, int from, int to, BooleanSupplier cancelled) {
        Tensor t = look().value(name, from, to, cancelled);
        return new Matrix(t.shape(), t.toFloats());
    }

    @Override
    public Derivation explain(String name, long... index) {
        Explanation e = look().explain(name, index);
        List<Explanation.Term> all = e.terms();
        double rest = all.stream()
                .skip(MOST_TERMS)
                .mapToDouble(Explanation.Term::value)
                .sum();
        return new Derivation(
                e.name(),
                index.clone(),
                e.kept(),
                e.words(),
                e.latex(),
                all.stream().limit(MOST_TERMS).map(LookSequence::term).toList(),
                Math.max(0, all.size() - MOST_TERMS),
                rest,
                e.sum(),
                e.recomputed(),
                e.difference(),
                e.given(),
                e.given() ? stored(name, index) : List.of());
    }

    private List<Stored> stored(String name, long[] index) {
        return look().stored(name, index).map(LookSequence::stored).stream().toList();
    }

    private static Stored stored(StoredWeight w) {
        return new Stored(
                w.format(),
                w.file(),
                w.byteOffset(),
                w.bytes(),
                w.block(),
                w.position(),
                w.detail(),
                w.elements().stream().map(StoredWeight.Element::code).toList(),
                w.elements().stream().map(StoredWeight.Element::scale).toList(),
                w.elements().stream().map(StoredWeight.Element::offset).toList(),
                w.elements().stream().map(StoredWeight.Element::value).toList());
    }

    private static Term term(Explanation.Term t) {
        return new Term(
                t.value(),
                t.label(),
                t.factors().stream().map(LookSequence::factor).toList());
    }

    private static Factor factor(Explanation.Factor f) {
        long[] index = f.index().stream().mapToLong(Long::longValue).toArray();
        return new Factor(f.name(), index, f.value(), true, f.weight(), f.detail());
    }

    @Override
    public double agreement() {
        int last = session.length() - 1;
        if (model.family() != Family.DECODER || last < 0 || !look().has("logits")) {
            return Double.NaN;
        }
        float[] run = session.logits();
        Tensor again = look().value("logits", last, last + 1);
        double most = 0;
        for (int i = 0; i < run.length; i++) {
            most = Math.max(most, Math.abs(run[i] - again.get(i)));
        }
        return most;
    }

    @Override
    public InspectedModel.Sequence fork() {
        return new LookSequence(model, texts, session.fork());
    }

    @Override
    public void close() {
        session.close();
    }
}
