package dev.cutaway.model.sample;

import dev.cutaway.tensor.UsageException;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Chooses the tokens of one sequence. It remembers the tokens that it was told of or chose, for the penalties, and the
 * place in its sequence of draws; nothing is allocated for a token. One thread at a time.
 */
public final class Sampler {
    private static final int BLOCK = 4096;

    private final List<Stage> stages;
    private final Stage[] chain;
    private final int[] before;
    private final int[] after;
    private final int vocabulary;
    private final MemorySegment copy;
    private final Candidates candidates;
    private final History history;
    private final Draws draws;
    private double logprob;
    private int lastCount;

    /**
     * A sampler with the stages that the options switch on.
     *
     * @param vocabulary how many logits there are
     */
    public Sampler(SamplingOptions options, int vocabulary) {
        this(options.stages(), options.seed(), vocabulary);
    }

    /** A sampler with stages in an order of one's own. */
    public Sampler(List<Stage> stages, long seed, int vocabulary) {
        this(stages, new Draws(seed), vocabulary);
    }

    private Sampler(List<Stage> stages, Draws draws, int vocabulary) {
        if (vocabulary < 1) {
            throw new UsageException("a vocabulary of " + vocabulary + " tokens; there must be one at least");
        }
        this.stages = List.copyOf(stages);
        this.chain = stages.toArray(Stage[]::new);
        this.before = new int[chain.length];
        this.after = new int[chain.length];
        this.vocabulary = vocabulary;
        this.candidates = new Candidates(vocabulary);
        this.copy = Arena.ofAuto().allocate(4L * vocabulary, 64);
        this.history = new History(vocabulary);
        this.draws = draws;
    }

    /** Counts a token of the prompt. */
    public void prompt(int id) {
        history.add(checked(id), false);
    }

    /** Counts a token of the answer that was not chosen here. */
    public void answer(int id) {
        history.add(checked(id), true);
    }

    /** Forgets all tokens; the draws go on. */
    public void clear() {
        history.clear();
    }

    /**
     * Chooses the next token and counts it.
     *
     * @param logits one for each token of the vocabulary; left as they are
     */
    public int next(float[] logits) {
        run(logits);
        int place = candidates.count == 1 ? 0 : candidates.draw(draws.next());
        int id = candidates.ids[place];
        logprob = logprob(logits, id);
        history.add(id, true);
        return id;
    }

    /** The natural logarithm of the last token's probability as the model gave it, before every stage. */
    public double logprob() {
        return logprob;
    }

    /** What each stage left when the last token was chosen. */
    public List<Cut> cuts() {
        List<Cut> cuts = new ArrayList<>(chain.length);
        for (int i = 0; i < chain.length; i++) {
            cuts.add(new Cut(chain[i].name(), before[i], after[i]));
        }
        return cuts;
    }

    /** How many tokens the last one was drawn from. */
    public int kept() {
        return lastCount;
    }

    /** What the next token would be drawn from; draws and counts nothing. */
    public Distribution distribution(float[] logits) {
        run(logits);
        Candidates c = candidates;
        c.normalise();
        int[] order = IntStream.range(0, c.count)
                .boxed()
                .sorted((a, b) -> c.scores[a] != c.scores[b]
                        ? Float.compare(c.scores[b], c.scores[a])
                        : Integer.compare(c.ids[a], c.ids[b]))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] ids = new int[order.length];
        float[] probabilities = new float[order.length];
        for (int i = 0; i < order.length; i++) {
            ids[i] = c.ids[order[i]];
            probabilities[i] = c.weights[order[i]];
        }
        return new Distribution(ids, probabilities, cuts());
    }

    /** Another sampler that goes on exactly as this one would. */
    public Sampler fork() {
        Sampler fork = new Sampler(stages, new Draws(draws), vocabulary);
        fork.history.copyFrom(history);
        return fork;
    }

    private void run(float[] logits) {
        if (logits.length != vocabulary) {
            throw new UsageException(logits.length + " logits for a vocabulary of " + vocabulary);
        }
        candidates.fill(logits);
        for (int i = 0; i < chain.length; i++) {
            before[i] = candidates.count;
            chain[i].apply(candidates, history);
            after[i] = candidates.count;
        }
        lastCount = candidates.count;
    }

    private int checked(int id) {
        if (id < 0 || id >= vocabulary) {
            throw new UsageException("token " + id + " is not in the vocabulary of " + vocabulary);
        }
        return id;
    }

    /**
     * The logarithm of a token's share in the softmax of the logits. By the kernels, which read native memory: in Java the
     * exponentials of a vocabulary took a twentieth of a small model's time.
     */
    private double logprob(float[] logits, int id) {
        MemorySegment.copy(logits, 0, copy, ValueLayout.JAVA_FLOAT, 0, logits.length);
        RowKernels rows = Kernels.get().rows();
        double max = rows.max(copy, 0, logits.length);
        double sum = 0;
        for (int i = 0; i < logits.length; i += BLOCK) { // in blocks, since the kernels sum in float
            int n = Math.min(BLOCK, logits.length - i);
            if (rows.max(copy, i, n) > Float.NEGATIVE_INFINITY) {
                sum += Math.exp(rows.logSumExp(copy, i, n) - max);
            }
        }
        return logits[id] - max - Math.log(sum);
    }
}
