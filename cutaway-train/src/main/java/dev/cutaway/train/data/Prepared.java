package dev.cutaway.train.data;

import dev.cutaway.model.Nearest;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.model.format.TensorEntry;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A file of prepared batches, its tensors read with checks. */
final class Prepared {
    static final String NEXT_SENTENCE = "next_sentence_label";
    private static final Set<String> KNOWN = Set.of(
            "input_ids",
            "labels",
            "token_type_ids",
            "attention_mask",
            "position_ids",
            NEXT_SENTENCE,
            "decoder_input_ids",
            "decoder_attention_mask",
            "pixel_values");
    private static final Set<DType> INTEGERS = Set.of(DType.I64, DType.I32, DType.I16, DType.I8, DType.U8, DType.BOOL);
    private static final Set<DType> REALS = Set.of(DType.F64, DType.F32, DType.F16, DType.BF16);

    private final Safetensors tensors;
    private final Task task;
    private final DataContext context;
    private final long size;

    Prepared(Safetensors tensors, Task task, DataContext context) {
        this.tensors = tensors;
        this.task = task;
        this.context = context;
        String first = context.family() == dev.cutaway.model.Family.VISION ? "pixel_values" : "input_ids";
        TensorEntry entry = tensors.entry(first)
                .orElseThrow(() -> new BadInputException(tensors.file() + ": tensor " + first
                        + " is missing; it holds what the model reads, one example a row"));
        this.size = entry.shape().isEmpty() ? 0 : entry.shape().getFirst();
        if (size == 0 || entry.shape().contains(0L)) {
            throw bad(first, "has shape " + entry.shape() + "; there is no example in it");
        }
    }

    Task task() {
        return task;
    }

    DataContext context() {
        return context;
    }

    long size() {
        return size;
    }

    String file() {
        return tensors.file().toString();
    }

    void close() {
        tensors.close();
    }

    boolean has(String name) {
        return tensors.entry(name).isPresent();
    }

    /** Tensors that nothing reads. */
    List<String> complaints() {
        List<String> out = new ArrayList<>();
        for (String name : tensors.names()) {
            if (!KNOWN.contains(name)) {
                out.add(file() + ": tensor " + name + " is not used (the nearest that is: " + Nearest.of(name, KNOWN)
                        + ")");
            }
        }
        return out;
    }

    /** Whether a tensor holds real numbers. */
    boolean isReal(String name) {
        return tensors.entry(name)
                .flatMap(TensorEntry::dtype)
                .map(REALS::contains)
                .orElse(false);
    }

    int rank(String name) {
        return tensors.entry(name).map(e -> e.shape().size()).orElse(0);
    }

    /** Elements of one example. */
    long width(String name) {
        return tensors.entry(name)
                .map(e -> e.shape().stream().skip(1).reduce(1L, Math::multiplyExact))
                .orElse(0L);
    }

    /** Refuses a tensor that is missing, of another rank or with another number of examples. */
    void require(String name, boolean real, int... ranks) {
        TensorEntry e = tensors.entry(name)
                .orElseThrow(() -> new BadInputException(
                        file() + ": tensor " + name + " is missing; the objective " + task.text() + " needs it"));
        if (!e.dtype().map((real ? REALS : INTEGERS)::contains).orElse(false)) {
            throw bad(name, "has dtype " + e.dtypeName() + "; it must hold " + (real ? "real" : "whole") + " numbers");
        }
        boolean fits = false;
        for (int r : ranks) {
            fits |= e.shape().size() == r;
        }
        if (!fits || e.shape().getFirst() != size) {
            throw bad(
                    name,
                    "has shape " + e.shape() + "; its first dimension must be the " + size + " examples, and it"
                            + " must have " + ranks[0] + (ranks.length > 1 ? " or " + ranks[1] : "") + " dimensions");
        }
    }

    /** One example's whole numbers. */
    int[] ints(String name, long example) {
        Tensor row = tensors.require(name).row(example);
        int[] out = new int[(int) row.size()];
        for (int i = 0; i < out.length; i++) {
            long x = row.getLong(i);
            if (x != (int) x) {
                throw bad(name, example, i, "is " + x + ", far out of range");
            }
            out[i] = (int) x;
        }
        return out;
    }

    /** One example's whole numbers, empty if the file does not have the tensor. */
    Optional<int[]> optional(String name, long example) {
        return has(name) ? Optional.of(ints(name, example)) : Optional.empty();
    }

    /** One example's numbers, whole ones too. */
    Tensor numbers(String name, long example) {
        return isReal(name) ? reals(name, example) : tensors.require(name).row(example);
    }

    /** One example's real numbers. */
    Tensor reals(String name, long example) {
        return tensors.require(name).row(example).widen();
    }

    /** One example's numbers that must be from 0 to {@code limit} - 1, or not counted where that is allowed. */
    int[] within(String name, long example, int limit, boolean maybeNotCounted, String what) {
        int[] x = ints(name, example);
        for (int i = 0; i < x.length; i++) {
            if ((x[i] < 0 || x[i] >= limit) && !(maybeNotCounted && x[i] == Objective.NOT_COUNTED)) {
                throw bad(
                        name,
                        example,
                        i,
                        "is " + x[i] + "; " + what + " go from 0 to " + (limit - 1)
                                + (maybeNotCounted ? ", and -100 is not counted" : ""));
            }
        }
        return x;
    }

    BadInputException bad(String name, String what) {
        return new BadInputException(file() + ": " + name + " " + what);
    }

    BadInputException bad(String name, long example, int at, String what) {
        return new BadInputException(file() + ": " + name + "[" + example + ", " + at + "] " + what);
    }
}
