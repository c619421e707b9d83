package dev.cutaway.benchmarks;

import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * What recording the residual stream into every block costs while generating. Two sessions of one model take turns token by
 * token, so that both see the same disturbances: arguments are the model and, if not all processors, the number of threads.
 */
public final class RecordingReport {
    private static final int TOKENS = 256;
    private static final int ROUNDS = 5;

    private RecordingReport() {}

    /** Prints the report. */
    public static void main(String[] args) {
        int threads = args.length > 1
                ? Integer.parseInt(args[1])
                : Runtime.getRuntime().availableProcessors();
        try (Model model = Model.open(args[0], OpenOptions.defaults().withThreads(threads))) {
            model.prepare();
            double[] ratios = new double[TOKENS * (ROUNDS - 1)];
            double[][] nanos = new double[2][ratios.length];
            for (int round = 0; round < ROUNDS; round++) {
                round(model, round, nanos, (round - 1) * TOKENS);
            }
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = nanos[1][i] / nanos[0][i];
            }
            Arrays.sort(ratios);
            System.out.printf(
                    "%s, %d thread(s), %d tokens: without %.3f ms, recording %.3f ms (medians), median ratio %.4f%n",
                    model,
                    threads,
                    ratios.length,
                    median(nanos[0]) / 1e6,
                    median(nanos[1]) / 1e6,
                    ratios[ratios.length / 2]);
        }
    }

    private static double median(double[] x) {
        double[] sorted = x.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** One text in both sessions; times are kept from {@code first} on, not at all if that is negative: the first round warms up. */
    private static void round(Model model, int seed, double[][] nanos, int first) {
        SplittableRandom random = new SplittableRandom(seed);
        try (Session plain = model.session(SessionOptions.defaults().withRecording(false));
                Session recording = model.session(SessionOptions.defaults().withRecording(true))) {
            Session[] sessions = {plain, recording};
            for (int i = 0; i < TOKENS; i++) {
                int id = random.nextInt(model.sizes().vocabulary());
                for (int k = 0; k < 2; k++) {
                    int which = (i + k) % 2; // who comes second finds the weights' end in the cache
                    long start = System.nanoTime();
                    sessions[which].append(id);
                    if (first >= 0) {
                        nanos[which][first + i] = System.nanoTime() - start;
                    }
                }
            }
        }
    }
}
