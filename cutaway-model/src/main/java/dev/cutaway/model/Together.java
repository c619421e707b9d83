package dev.cutaway.model;

import dev.cutaway.graph.run.Batch;
import dev.cutaway.graph.run.Plan;
import dev.cutaway.graph.run.SequenceState;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Many texts or images through a model that reads each at once: as many in a step as its rows have room. */
final class Together implements AutoCloseable {
    /** Rows of a step of several sequences: what lies between two operations still fits into the caches. */
    static final int ROWS = 512;

    private final Model model;
    private final Plan.Runner runner;
    private final Batch batch;
    private final List<SequenceState> states = new ArrayList<>();

    Together(Model model, Plan.Runner runner, Batch batch) {
        this.model = model;
        this.runner = runner;
        this.batch = batch;
    }

    List<Tensor> texts(List<int[]> ids, List<int[]> typeIds, String output) {
        List<Tensor> results = new ArrayList<>();
        for (int from = 0; from < ids.size(); from = results.size()) {
            batch.clear().want(Batch.Wanted.ALL);
            int to = from;
            do {
                int row = batch.rows();
                int[] text = ids.get(to);
                batch.add(state(to - from), text.length);
                for (int i = 0; i < text.length; i++) {
                    batch.put("tokens", row + i, text[i]);
                    batch.put("position", row + i, i);
                    batch.put("token_type_ids", row + i, typeIds.isEmpty() ? 0 : typeIds.get(to)[i]);
                }
                to++;
            } while (to < ids.size() && batch.rows() + ids.get(to).length <= ROWS);
            run(output, to - from, results);
        }
        return results;
    }

    List<Tensor> images(List<Tensor> pixels, String output) {
        ImageSizes sizes = ImageSizes.of(model.config());
        List<Tensor> results = new ArrayList<>();
        for (int from = 0; from < pixels.size(); from = results.size()) {
            batch.clear().want(Batch.Wanted.ALL);
            List<Tensor> patches = new ArrayList<>();
            do {
                Tensor one = Patches.cut(pixels.get(from + patches.size()), sizes);
                int row = batch.rows();
                int n = (int) one.dim(0);
                batch.add(state(patches.size()), n);
                for (int i = 0; i < n; i++) {
                    batch.put("position", row + i, i);
                }
                patches.add(one);
            } while (from + patches.size() < pixels.size()
                    && batch.rows() + patches.getFirst().dim(0) <= ROWS);
            batch.put("patches", Patches.together(patches));
            run(output, patches.size(), results);
        }
        return results;
    }

    /** The state of the n-th sequence of a step: nothing of it is kept. */
    private SequenceState state(int n) {
        if (n == states.size()) {
            states.add(model.plan().newSequence(false));
        }
        states.get(n).truncate(0);
        return states.get(n);
    }

    private void run(String output, int sequences, List<Tensor> results) {
        model.run(runner, batch, false);
        for (int i = 0; i < sequences; i++) {
            results.add(runner.output(output, i));
        }
    }

    @Override
    public void close() {
        states.forEach(SequenceState::close);
    }
}
