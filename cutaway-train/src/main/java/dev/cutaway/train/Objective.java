package dev.cutaway.train;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Gradients;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.ReadRows;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.CrossEntropy;
import dev.cutaway.graph.op.Ein;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.LogSoftmax;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.Softmax;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * What a model is trained for: its graph with a loss and the loss's gradient appended. The loss is named {@code loss}; it is the sum over
 * parts of the sum over rows of the row's loss times its weight, so that the mean over all counted rows of a batch is the sum of what its
 * sequences give, each evaluated by itself.
 */
public final class Objective {
    /** The label of a row that is not counted, as in Hugging Face. */
    public static final int NOT_COUNTED = -100;

    /** The name of the labels that most objectives have. */
    public static final String LABELS = "labels";

    private final Graph model;
    private final Predicate<Parameter> trained;
    private final boolean few;
    private final Gradients gradients;
    private final List<Part> parts;

    /** What a term of the loss compares. */
    public enum Kind {
        /** Cross-entropy to labels, whole numbers. A teacher's labels are such ones too (hard distillation: Touvron et al., arXiv 2012.12877). */
        CLASSES,
        /**
         * The Kullback-Leibler divergence from a teacher's softened distribution to the model's, {@code T^2 KL(softmax(teacher / T),
         * softmax(logits / T))} (Hinton et al., arXiv 1503.02531): the target is the teacher's logits, as many for each row as there are classes.
         */
        TEACHER,
        /** The mean squared difference to numbers, as many for each row as the value has. */
        NUMBERS
    }

    /**
     * One term of the loss.
     *
     * @param logits the name of a value {@code [row, class]}, of any row space
     * @param labels the name of the labels in an {@link Example}, one for each row of the logits; or of the target, row by row
     * @param smoothing label smoothing, 0 for none
     * @param kind what is compared
     * @param factor how much the term counts
     * @param temperature by which logits are divided where a teacher is followed
     */
    public record Part(String logits, String labels, double smoothing, Kind kind, double factor, double temperature) {
        public Part {
            if (!Double.isFinite(factor) || factor < 0) {
                throw new UsageException("the loss of " + logits + " counts " + factor + "; it must be 0 or more");
            }
            if (!Double.isFinite(temperature) || temperature <= 0) {
                throw new UsageException("temperature is " + temperature + "; it must be above 0");
            }
        }

        /** Cross-entropy to labels, counted once. */
        public Part(String logits, String labels, double smoothing) {
            this(logits, labels, smoothing, Kind.CLASSES, 1, 1);
        }

        /** Follows a teacher's logits. */
        public static Part teacher(String logits, String target, double factor, double temperature) {
            return new Part(logits, target, 0, Kind.TEACHER, factor, temperature);
        }

        /** Mean squared error. */
        public static Part numbers(String value, String target, double factor) {
            return new Part(value, target, 0, Kind.NUMBERS, factor, 1);
        }

        /** The same, counted so many times. */
        public Part times(double newFactor) {
            return new Part(logits, labels, smoothing, kind, newFactor, temperature);
        }

        /** The graph's input that says how much each row counts. */
        public String weights() {
            return "weights of " + labels;
        }

        /** The graph's input that says which rows count, where it holds no others. */
        String numbers() {
            return "rows of " + labels;
        }

        /** The name of the term's own value, where it is no cross-entropy. */
        String term() {
            return "loss." + labels;
        }

        /** The name of the value that is each row's loss. */
        public String rowLoss() {
            return labels.equals(LABELS) ? "row_loss" : "row_loss." + labels;
        }
    }

    private Objective(Graph model, Predicate<Parameter> trained, boolean few, Gradients gradients, List<Part> parts) {
        this.model = model;
        this.trained = trained;
        this.few = few;
        this.gradients = gradients;
        this.parts = parts;
    }

    /** The mean cross-entropy of one value's counted rows. */
    public static Objective crossEntropy(Graph model, String logits, double smoothing) {
        return of(model, List.of(new Part(logits, LABELS, smoothing)), p -> true);
    }

    /**
     * A sum of terms, each the mean over its counted rows, times its factor.
     *
     * @param trained weights of which gradients are wanted
     */
    public static Objective of(Graph model, List<Part> parts, Predicate<Parameter> trained) {
        GraphBuilder g = GraphBuilder.extending(model);
        List<Value> terms = new ArrayList<>();
        for (Part p : parts) {
            Value term = term(g, model.require(p.logits()), p); // [1]
            terms.add(p.kind() == Kind.CLASSES ? term : g.name(p.term(), term));
        }
        Value loss = g.name(
                "loss", terms.stream().reduce((a, b) -> g.add(Binary.ADD, a, b)).orElseThrow()); // [1]
        return new Objective(model, trained, false, Gradients.of(g.build(), loss, trained), List.copyOf(parts));
    }

    /** The same where of most sequences few rows count: hidden words, answers. */
    public Objective ofFewRows() {
        return new Objective(model, trained, true, gradients, parts);
    }

    /**
     * The same loss without rows that do not count for it ({@link ReadRows}): what is computed where nobody looks. With the system property
     * {@code cutaway.rows=all} they are computed all the same, to measure what that takes.
     */
    Objective withoutUnreadRows() {
        if (System.getProperty("cutaway.rows", "read").equals("all")) {
            return this;
        }
        GraphBuilder g = GraphBuilder.extending(model);
        List<Part> read = new ArrayList<>();
        Optional<Part> picked = few
                ? parts.stream()
                        .filter(p -> p.kind() == Kind.CLASSES && ofRows(p))
                        .findFirst()
                : Optional.empty();
        for (Part p : parts) {
            read.add(p.equals(picked.orElse(null)) ? countedOnly(g, p) : p);
        }
        Graph whole = g.build();
        List<Value> wanted = read.stream().map(p -> whole.require(p.logits())).toList();
        return of(ReadRows.of(whole, wanted), read, trained);
    }

    private boolean ofRows(Part p) {
        return model.require(p.logits()).type().dim(0) instanceof Dim.Rows(Space s) && s.equals(Space.ROWS);
    }

    private Part countedOnly(GraphBuilder g, Part p) {
        Value numbers = g.input(p.numbers(), Type.integers(Dim.of(Space.COUNTED)));
        String name = "counted " + p.logits();
        g.name(name, g.add(new Gather(), model.require(p.logits()), numbers));
        return new Part(name, p.labels(), p.smoothing(), p.kind(), p.factor(), p.temperature());
    }

    /** Whether a term's labels are those of counted rows only. */
    boolean picks(Part p) {
        return gradients.graph().require(p.logits()).type().dim(0) instanceof Dim.Rows(Space s)
                && s.equals(Space.COUNTED);
    }

    private static Value term(GraphBuilder g, Value logits, Part p) {
        Dim rows = logits.type().dim(0);
        Value each = g.name(p.rowLoss(), rowLoss(g, logits, p)); // [row]
        Value weights = g.input(p.weights(), Type.real(rows));
        Value column = g.add(Reshape.to(rows, Dim.of("one", 1)), each); // [row, 1]
        return g.add(new Ein("r,rk->k", "row", "weight times loss", "\\sum_{r} w_r\\,l_r"), weights, column); // [1]
    }

    private static Value rowLoss(GraphBuilder g, Value logits, Part p) {
        return switch (p.kind()) {
            case CLASSES ->
                g.add(
                        new CrossEntropy(p.smoothing()),
                        logits,
                        g.input(p.labels(), Type.integers(logits.type().dim(0))));
            case TEACHER -> teacher(g, logits, p);
            case NUMBERS -> {
                Value target = g.input(p.labels(), logits.type());
                Value off = g.add(Binary.SUBTRACT, logits, target); // [row, number]
                Ein squares = new Ein("rc,rc->r", "number", "difference squared", "\\sum_{c} d_c^2");
                yield g.add(Constant.scale(1.0 / logits.type().size(1)), g.add(squares, off, off));
            }
        };
    }

    private static Value teacher(GraphBuilder g, Value logits, Part p) {
        Constant soften = Constant.scale(1 / p.temperature());
        Value teacher = g.add(soften, g.input(p.labels(), logits.type()));
        Value wanted = g.add(new Softmax(), teacher); // [row, class]
        Value logs = g.add(new LogSoftmax(), g.add(soften, logits));
        Value apart = g.add(Binary.SUBTRACT, g.add(new LogSoftmax(), teacher), logs);
        Ein sum = new Ein(
                "rc,rc->r",
                "class",
                "the teacher's probability times the difference of the logarithms",
                "\\sum_{c} q_c (\\log q_c - \\log p_c)");
        return g.add(Constant.scale(p.temperature() * p.temperature()), g.add(sum, wanted, apart));
    }

    /** Rows of an example that count for a term. */
    int counted(Part p, Example e) {
        if (p.kind() == Kind.CLASSES) {
            return e.counted(p.labels());
        }
        int n = 0;
        for (boolean counts : counts(p, e)) {
            n += counts ? 1 : 0;
        }
        return n;
    }

    private boolean[] counts(Part p, Example e) {
        float[] target = target(p, e);
        int width = width(p);
        if (target.length % width != 0) {
            throw new IllegalArgumentException(
                    p.labels() + " holds " + target.length + " numbers; rows of " + p.logits() + " have " + width);
        }
        boolean[] counts = new boolean[target.length / width];
        Arrays.fill(counts, true);
        for (int i = 0; i < target.length; i++) {
            counts[i / width] &= !Float.isNaN(target[i]);
        }
        return counts;
    }

    private static float[] target(Part p, Example e) {
        return e.targets().getOrDefault(p.labels(), new float[0]);
    }

    private int width(Part p) {
        return gradients.graph().require(p.logits()).type().size(1);
    }

    /**
     * What an example gives to a term's inputs.
     *
     * @param rows of the whole batch that count
     */
    Map<String, Tensor> inputs(Part p, Example e, int rows) {
        Map<String, Tensor> in = new LinkedHashMap<>();
        float share = (float) (p.factor() / rows);
        if (p.kind() == Kind.CLASSES) {
            int[] labels = Objects.requireNonNull(e.labels().get(p.labels()), p.labels());
            if (picks(p)) {
                int[] all = labels;
                int[] numbers =
                        IntStream.range(0, all.length).filter(i -> all[i] >= 0).toArray();
                labels = Arrays.stream(numbers).map(i -> all[i]).toArray();
                in.put(p.numbers(), Tensor.ofInts(numbers, numbers.length));
            }
            float[] each = new float[labels.length];
            Arrays.fill(each, share);
            in.put(p.labels(), Tensor.ofInts(labels, labels.length));
            in.put(p.weights(), Tensor.of(each, labels.length));
            return in;
        }
        boolean[] counts = counts(p, e);
        float[] target = target(p, e).clone();
        float[] each = new float[counts.length];
        for (int r = 0; r < counts.length; r++) {
            each[r] = counts[r] ? share : 0;
        }
        for (int i = 0; i < target.length; i++) {
            target[i] = counts[i / width(p)] ? target[i] : 0; // what is not counted must still be a number
        }
        in.put(p.labels(), Tensor.of(target, counts.length, width(p)));
        in.put(p.weights(), Tensor.of(each, counts.length));
        return in;
    }

    public Gradients gradients() {
        return gradients;
    }

    /** The terms of the loss. */
    public List<Part> parts() {
        return parts;
    }
}
