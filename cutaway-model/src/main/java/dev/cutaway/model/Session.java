package dev.cutaway.model;

import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.graph.run.Batch;
import dev.cutaway.graph.run.Plan;
import dev.cutaway.graph.run.SequenceState;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/**
 * One sequence going through a model: its tokens, its keys and values, and (unless switched off) a recording from which
 * everything inside can be looked at. Belongs to one thread; only {@link #cancel} may be called from another.
 */
public final class Session implements AutoCloseable {
    /** Rows of a prompt that go through the plan at once. */
    private static final int CHUNK = 128;

    private final Model model;
    private final SessionOptions options;
    private final Plan.Runner runner;
    private final Batch batch = new Batch();
    private final Together together;
    private final List<RopeFrequencies> ropes;
    private SequenceState state;
    private int[] tokens = new int[64];
    private int[] types = {};
    private int[] positions = {};
    private int[] source = {};
    private Tensor patches = Tensor.zeros(0, 1);
    private Tensor blank = Tensor.zeros(0, 1);
    private int imageRows; // that a decoder's words follow
    private int length;
    private float[] logits = {};
    private volatile boolean cancelled;

    Session(Model model, SessionOptions options) {
        this.model = model;
        this.options = options;
        this.runner = model.runner();
        this.together = new Together(model, runner, batch);
        this.state = model.plan().newSequence(options.recording());
        this.ropes = model.graph().nodes().stream()
                .filter(n -> n.op() instanceof RopeTable)
                .map(n -> ((RopeTable) n.op()).frequencies())
                .toList();
    }

    public Model model() {
        return model;
    }

    /** Positions held: tokens, or the rows of an image. */
    public int length() {
        return length;
    }

    /** The tokens held; not what stands for the rows of an image before them. */
    public int[] tokens() {
        return Arrays.copyOfRange(tokens, imageRows, length);
    }

    /** The tokens held and room for more; not a copy. */
    int[] held() {
        return tokens;
    }

    /** The source's tokens, in models with an encoder. */
    public int[] sourceTokens() {
        return source.clone();
    }

    /** Positions that the session may hold: of the options, else of the model. */
    public int context() {
        int own = model.sizes().context();
        if (options.context() == 0) {
            return own;
        }
        return model.sizes().learnedPositions() ? Math.min(own, options.context()) : options.context();
    }

    /** Whether more tokens are held than the model was made for. Rotary models run on, with growing nonsense. */
    public boolean beyondContext() {
        return length > model.sizes().context();
    }

    /**
     * Runs the next tokens of a decoder.
     *
     * @return logits of the last one's next token, {@code [vocabulary]}; overwritten by the next call
     * @throws BadInputException if an id is outside the vocabulary, or the tokens exceed a table of learned positions
     * @throws CancellationException if {@link #cancel} was called
     */
    public float[] append(int... next) {
        checkRoom(next.length);
        checkIds(next, length);
        if (length > 0 && rotationChanges(length + next.length)) {
            // The rotation depends on the length, so what was cached is of another rotation: start afresh.
            int[] all = Arrays.copyOf(tokens, length + next.length);
            System.arraycopy(next, 0, all, length, next.length);
            truncate(0);
            return run(all, 0, all.length, all.length);
        }
        return run(next, 0, next.length, length + next.length);
    }

    private boolean rotationChanges(int to) {
        for (int i = 0; i < ropes.size(); i++) { // no iterator: this runs for every token
            if (ropes.get(i).changes(length, to)) {
                return true;
            }
        }
        return false;
    }

    private float[] run(int[] next, int from, int to, int total) {
        for (int at = from; at < to; at += CHUNK) {
            if (cancelled) {
                cancelled = false;
                throw new CancellationException();
            }
            int n = Math.min(CHUNK, to - at);
            boolean last = at + n == to;
            batch.clear()
                    .want(last ? Batch.Wanted.LAST_OF_EACH : Batch.Wanted.NONE)
                    .add(state, n);
            push(batch, 0, next, at, n);
            batch.total(total);
            runWords(batch);
        }
        readLogits(runner, 0);
        return logits;
    }

    /** Refuses ids that are in no vocabulary; the first of them stands at this position. */
    void checkIds(int[] ids, int first) {
        int vocabulary = model.sizes().vocabulary();
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary) {
                throw new BadInputException("token id " + ids[i] + " at position " + (first + i)
                        + " is outside the vocabulary; ids go from 0 to " + (vocabulary - 1));
            }
        }
    }

    /** Runs rows of words, which hold no pixels where a model reads those too. */
    private void runWords(Batch b) {
        if (model.readsImages()) {
            if (blank.dim(0) != b.rows()) {
                blank = Patches.blank(b.rows(), ImageSizes.of(model.config()));
            }
            b.put("patches", blank);
        }
        model.run(runner, b, false);
    }

    /** Notes n of the next tokens and gives them to a batch from a row on. */
    private void push(Batch b, int row, int[] next, int at, int n) {
        reserve(length + n);
        for (int i = 0; i < n; i++) {
            tokens[length + i] = next[at + i];
            b.put("tokens", row + i, next[at + i]);
            b.put("position", row + i, length + i);
            b.put("token_type_ids", row + i, 1); // a word; asked for where there are images too
        }
        length += n;
    }

    private void reserve(int n) {
        if (n > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(n, tokens.length * 2));
        }
    }

    private void checkRoom(int more) {
        if (more == 0) {
            throw new BadInputException(
                    "no tokens: the text is empty and the tokenizer adds none; give at least one token");
        }
        if (length + more > context() && (options.context() > 0 || model.sizes().learnedPositions())) {
            throw new BadInputException((length + more) + " tokens exceed the context of " + context() + " positions"
                    + (model.sizes().learnedPositions() ? ", which the model has learned one by one" : " (--context)")
                    + "; shorten the text");
        }
    }

    /**
     * Runs the next tokens of several sessions of one decoder in one step: rows of all of them go through the weights together.
     * Each session's {@link #logits()} are its last token's; they are what {@link #append} would have given, bit for bit.
     *
     * @param sessions sessions of the same model
     * @param next the next tokens of each, at least one
     */
    public static void appendTogether(List<Session> sessions, List<int[]> next) {
        if (sessions.size() != next.size() || sessions.isEmpty()) {
            throw new IllegalArgumentException(sessions.size() + " sessions and " + next.size() + " lists of tokens");
        }
        Session first = sessions.getFirst();
        for (int i = 0; i < next.size(); i++) {
            if (sessions.get(i).model != first.model) {
                throw new IllegalArgumentException("the sessions are of different models");
            }
            sessions.get(i).checkRoom(next.get(i).length);
            sessions.get(i).checkIds(next.get(i), sessions.get(i).length);
        }
        int[] done = new int[next.size()];
        List<Integer> inStep = new ArrayList<>();
        while (addTogether(first.batch, sessions, next, done, inStep) > 0) {
            first.runWords(first.batch);
            for (int row = 0; row < inStep.size(); row++) {
                sessions.get(inStep.get(row)).readLogits(first.runner, row);
            }
        }
    }

    /** Fills a step with rows of the sessions that have some left; returns how many. */
    private static int addTogether(
            Batch b, List<Session> sessions, List<int[]> next, int[] done, List<Integer> inStep) {
        b.clear().want(Batch.Wanted.LAST_OF_EACH);
        inStep.clear();
        for (int i = 0; i < done.length && b.rows() < Together.ROWS; i++) {
            int row = b.rows();
            int n = Math.min(next.get(i).length - done[i], Math.max(1, Together.ROWS - row));
            if (n > 0) {
                Session s = sessions.get(i);
                b.add(s.state, n);
                s.push(b, row, next.get(i), done[i], n);
                done[i] += n;
                inStep.add(i);
            }
        }
        return b.rows();
    }

    private void readLogits(Plan.Runner from, int row) {
        if (logits.length == 0) {
            logits = new float[model.sizes().vocabulary()];
        }
        from.output("logits", row, logits);
    }

    /**
     * Logits of every one of the next tokens of a decoder, {@code [row, vocabulary]}: for measuring loss.
     *
     * @throws BadInputException as {@link #append}
     */
    public Tensor appendAll(int... next) {
        checkRoom(next.length);
        checkIds(next, length);
        Tensor all = Tensor.zeros(next.length, model.sizes().vocabulary());
        int total = length + next.length;
        for (int at = 0; at < next.length; at += CHUNK) {
            int n = Math.min(CHUNK, next.length - at);
            batch.clear().want(Batch.Wanted.ALL).add(state, n).total(total);
            push(batch, 0, next, at, n);
            runWords(batch);
            Tensor part = runner.output("logits");
            java.lang.foreign.MemorySegment.copy(part.data(), 0, all.data(), at * part.dim(1) * 4, part.size() * 4);
        }
        return all;
    }

    /**
     * Runs a whole text through an encoder.
     *
     * @param ids token ids
     * @param typeIds sentence of each token (0 or 1); empty for all 0
     * @param positionIds position of each token; empty for 0, 1, 2 ...
     */
    public void encode(int[] ids, int[] typeIds, int[] positionIds) {
        requireEncoder();
        reset();
        checkRoom(ids.length);
        checkIds(ids, 0);
        types = typeIds.length == 0 ? new int[ids.length] : typeIds.clone();
        positions = positionIds.clone();
        batch.clear().want(Batch.Wanted.ALL).add(state, ids.length);
        push(batch, 0, ids, 0, ids.length);
        for (int i = 0; i < ids.length; i++) {
            batch.put("token_type_ids", i, types[i]);
            batch.put("position", i, positions.length == 0 ? i : positions[i]);
        }
        model.run(runner, batch, false);
    }

    /**
     * Runs many whole texts through an encoder, some of them at once. Texts may be of any lengths, nothing is padded, and each gives
     * what {@link #encode} would have given, bit for bit. Afterwards the session holds no text.
     *
     * @param ids token ids of each text
     * @param typeIds sentence of each token, for each text; empty for all 0
     * @param output what to return of each: {@code logits}, {@code pooler} ...
     * @return for each text its {@code [row, width]}
     */
    public List<Tensor> encodeAll(List<int[]> ids, List<int[]> typeIds, String output) {
        requireEncoder();
        reset();
        for (int[] text : ids) {
            checkRoom(text.length);
            checkIds(text, 0);
        }
        return together.texts(ids, typeIds, output);
    }

    private void requireEncoder() {
        if (model.family() != Family.ENCODER) {
            throw new BadInputException(model.name() + ": is no encoder; use a BERT-like model");
        }
    }

    /**
     * Runs a source text through the encoder of an encoder-decoder; then {@link #append} the target's tokens.
     *
     * @param ids token ids of the source
     */
    public void source(int... ids) {
        if (model.family() != Family.ENCODER_DECODER) {
            throw new BadInputException(
                    model.name() + ": has no encoder for a source text; use an encoder-decoder such as T5");
        }
        reset();
        if (ids.length == 0) {
            throw new BadInputException("no tokens: the source text is empty; give at least one token");
        }
        int vocabulary = model.sizes().vocabulary();
        batch.clear().want(Batch.Wanted.NONE).add(state, ids.length);
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary) {
                throw new BadInputException("token id " + ids[i] + " at position " + i
                        + " of the source is outside the vocabulary; " + "ids go from 0 to " + (vocabulary - 1));
            }
            batch.put("source tokens", i, ids[i]);
            batch.put("source position", i, i);
            batch.put("source row", i, i);
        }
        source = ids.clone();
        model.run(runner, batch, true);
    }

    /**
     * Runs an image. A decoder's words then follow it ({@link #append}, {@link #set}, {@link #generate}), until {@link #reset}.
     *
     * @param pixels {@code [channel, height, width]}, normalised as the model wants it
     */
    public void image(Tensor pixels) {
        requireImages();
        reset();
        Tensor rows = Patches.cut(pixels, ImageSizes.of(model.config()));
        int n = (int) rows.dim(0);
        boolean words = model.family() == Family.DECODER;
        if (words) {
            checkRoom(n);
            reserve(n);
            Arrays.fill(tokens, 0, n, 0); // read by nobody
            imageRows = n;
        }
        patches = rows;
        length = n;
        batch.clear()
                .want(words ? Batch.Wanted.NONE : Batch.Wanted.ALL)
                .add(state, n)
                .put("patches", patches);
        for (int i = 0; i < n; i++) {
            batch.put("position", i, i);
            batch.put("tokens", i, 0);
            batch.put("token_type_ids", i, 0);
        }
        model.run(runner, batch, false);
    }

    /**
     * Runs many images, some of them at once. Each gives what {@link #image} would have given, bit for bit. Afterwards the session
     * holds no image.
     *
     * @param pixels of each image {@code [channel, height, width]}
     * @param output what to return of each: {@code logits} or {@code pooler}
     * @return for each image its {@code [row, width]}
     */
    public List<Tensor> images(List<Tensor> pixels, String output) {
        requireVision();
        reset();
        return together.images(pixels, output);
    }

    private void requireVision() {
        requireImages();
        if (model.family() != Family.VISION) {
            throw new BadInputException(model.name() + ": has no classes or vectors of images; it writes about them");
        }
    }

    private void requireImages() {
        if (!model.readsImages()) {
            throw new BadInputException(model.name() + ": reads no images; use a vision model such as ViT");
        }
    }

    /** An output of the last run: {@code logits}, {@code pooler} ... as {@code [row, width]}; for encoders and images. */
    public Tensor output(String name) {
        return runner.output(name);
    }

    /** Whether the model has this output. */
    public boolean hasOutput(String name) {
        return runner.has(name);
    }

    /** Logits of the last token's next token; overwritten by the next {@link #append}. */
    public float[] logits() {
        return logits;
    }

    /** Forgets the tokens from {@code n} on, keys and values included. What follows reuses what is left. */
    public void truncate(int n) {
        if (n < 0 || n > length) {
            throw new IllegalArgumentException("cannot truncate " + length + " tokens to " + n);
        }
        if (n > 0 && n < imageRows) {
            throw new IllegalArgumentException("cannot truncate an image of " + imageRows + " rows to " + n);
        }
        state.truncate(n);
        length = n;
        imageRows = Math.min(imageRows, n);
    }

    /** Forgets everything. */
    public void reset() {
        truncate(0);
        source = new int[0];
    }

    /**
     * Makes the session hold these tokens (behind its image, if it holds one), reusing the longest common prefix of what it holds.
     *
     * @return logits of the last one's next token
     */
    public float[] set(int... wanted) {
        int common = commonPrefix(wanted);
        truncate(imageRows + common);
        return append(Arrays.copyOfRange(wanted, common, wanted.length));
    }

    /** How many of these tokens the session holds already, from the first; at least one is left to run. */
    int commonPrefix(int[] wanted) {
        int common = 0;
        while (imageRows + common < length
                && common < wanted.length - 1
                && tokens[imageRows + common] == wanted[common]) {
            common++;
        }
        return common;
    }

    /** Whether no further position may be held. */
    boolean full() {
        return length >= context() && (options.context() > 0 || model.sizes().learnedPositions());
    }

    /**
     * Continues a prompt. What the session holds is reused as far as it agrees with the prompt.
     *
     * @param prompt token ids; in an encoder-decoder the decoder's, after {@link #source}
     */
    public Generation generate(int[] prompt, GenerateOptions how) {
        return generate(prompt, how, token -> {});
    }

    /** Continues a prompt and says each token as it is chosen. */
    public Generation generate(int[] prompt, GenerateOptions how, Consumer<Generation.Token> listener) {
        return new Generator(this, prompt, how, listener).run();
    }

    /**
     * Continues a prompt by beam search; afterwards the session holds the beginning of a text that was followed.
     *
     * @param prompt token ids; in an encoder-decoder the decoder's, after {@link #source}
     */
    public Generation generate(int[] prompt, BeamOptions how) {
        return new BeamSearch(this, prompt, how).run();
    }

    /** Continues a text. */
    public Generation generate(String prompt, GenerateOptions how) {
        return generate(model.tokenizer().ids(prompt, dev.cutaway.text.EncodeOptions.TEXT), how);
    }

    /** A copy that goes its own way. */
    public Session fork() {
        Session s = new Session(model, options);
        s.state.close();
        s.state = state.fork();
        s.tokens = tokens.clone();
        s.types = types;
        s.positions = positions;
        s.source = source;
        s.patches = patches;
        s.imageRows = imageRows;
        s.length = length;
        s.logits = logits.clone();
        return s;
    }

    /**
     * A session that goes on after an intervention: up to the last block that it touches, streams, keys and values are those of the
     * edited look; from the next block on they are run again. What is appended afterwards is not intervened on.
     *
     * @param edited a look of this session, after {@link Look#replace} or {@link Look#ablate}; of a decoder
     */
    public Session fork(Look edited) {
        if (model.family() != Family.DECODER || edited.session() != this || edited.length() != length) {
            throw new IllegalArgumentException("the look must be of this session of a decoder, as it is now");
        }
        Session s = fork();
        int blocks = model.graph().blockInputs().size();
        int next = edited.lastEditedBlock() + 1;
        if (!edited.edited() || next > blocks) {
            return s;
        }
        for (int b = Math.max(0, edited.firstEditedBlock()); b < next; b++) {
            s.state.overwrite(b, 0, edited.blockInput(b));
            edited.states(b).forEach((name, rows) -> s.state.overwrite(name, 0, rows));
        }
        if (next < blocks) {
            s.rerun(next, edited.blockInput(next));
        } else {
            s.readLogits(edited.value("logits", length - 1, length));
        }
        return s;
    }

    private void readLogits(Tensor row) {
        logits = row.toFloats();
    }

    /** Runs all rows again from a block on. */
    private void rerun(int block, Tensor residual) {
        int n = length;
        state.truncate(0);
        batch.clear().want(Batch.Wanted.LAST_OF_EACH).add(state, n).total(n).enterAt(block, residual);
        for (int i = 0; i < n; i++) {
            batch.put("tokens", i, tokens[i]);
            batch.put("position", i, i);
            batch.put("token_type_ids", i, 1);
        }
        runWords(batch); // what an image gave before the blocks is in the residual
        readLogits(runner, 0);
    }

    /** Ends what runs, from any thread: it throws {@link CancellationException} at the next token or chunk. */
    public void cancel() {
        cancelled = true;
    }

    boolean takeCancelled() {
        boolean c = cancelled;
        cancelled = false;
        return c;
    }

    /** Everything inside, for the tokens that the session holds now. */
    public Look look() {
        return Look.of(this);
    }

    SequenceState state() {
        return state;
    }

    /** The given integer inputs, by name, for a range of rows. */
    int[] ints(String name, int from, int to) {
        return switch (name) {
            case "tokens" -> Arrays.copyOfRange(tokens, from, to);
            case "token_type_ids" ->
                model.family() == Family.DECODER ? modalities(from, to) : Arrays.copyOfRange(types, from, to);
            case "source tokens" -> source.clone();
            case "position" -> positions.length == 0 ? range(from, to) : Arrays.copyOfRange(positions, from, to);
            case "row" -> range(from, to);
            case "key" -> range(0, length);
            case "source row", "source position" -> range(0, source.length);
            default -> throw new IllegalArgumentException("no input '" + name + "'");
        };
    }

    private static int[] range(int from, int to) {
        int[] r = new int[to - from];
        for (int i = 0; i < r.length; i++) {
            r[i] = from + i;
        }
        return r;
    }

    private int[] modalities(int from, int to) {
        int[] r = new int[to - from];
        Arrays.fill(r, Math.clamp(imageRows - from, 0, r.length), r.length, 1);
        return r;
    }

    Tensor patches(int from, int to) {
        return model.family() == Family.DECODER
                ? Patches.padded(patches, imageRows, from, to, ImageSizes.of(model.config()))
                : patches.slice(0, from, to);
    }

    int sourceLength() {
        return source.length;
    }

    /** Bytes held: keys, values, recording and working memory. */
    public long memoryBytes() {
        return state.bytes() + runner.bytes();
    }

    @Override
    public void close() {
        state.close();
        together.close();
        runner.close();
    }
}
