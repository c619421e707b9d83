package dev.cutaway.model.format;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.UsageException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Which tensor of a model gets which element type, as llama-quantize decides it: matrices get the type asked for; norms, biases,
 * position tables and everything with one dimension stay f32; the matrix that makes the logits gets Q6_K or Q8_0, because its
 * errors are seen directly; a type whose blocks do not divide a row gives way to a smaller-blocked one of about its size.
 *
 * @param label what was asked for: a dtype's name, or {@code q4_k_m} / {@code q5_k_m}, in which the more sensitive half of
 *     the value and down projections get Q6_K
 * @param main the type of ordinary matrices
 * @param mixed whether it is one of the two mixtures
 */
record QuantPlan(String label, DType main, boolean mixed) {
    private static final List<DType> CHOICES = List.of(
            DType.F32,
            DType.F16,
            DType.BF16,
            DType.Q4_0,
            DType.Q4_1,
            DType.Q5_0,
            DType.Q5_1,
            DType.Q8_0,
            DType.Q2_K,
            DType.Q3_K,
            DType.Q4_K,
            DType.Q5_K,
            DType.Q6_K,
            DType.IQ4_NL,
            DType.MXFP4);

    /** The plan with a name, in either case. */
    static QuantPlan named(String name) {
        String label = name.toLowerCase(Locale.ROOT);
        boolean mixed = label.equals("q4_k_m") || label.equals("q5_k_m");
        String type = mixed ? label.substring(0, 4) : label.replace("_k_s", "_k");
        return CHOICES.stream()
                .filter(d -> d.label().equals(type))
                .findFirst()
                .map(d -> new QuantPlan(label, d, mixed))
                .orElseThrow(() -> new UsageException(
                        "--to " + name + ": no such type; known are " + String.join(", ", labels())));
    }

    /** The names that {@link #named} knows. */
    static List<String> labels() {
        return Stream.concat(CHOICES.stream().map(DType::label), Stream.of("q4_k_m", "q5_k_m"))
                .toList();
    }

    /**
     * The type of one tensor.
     *
     * @param gguf its GGUF name
     * @param shape its dimensions, row-major
     * @param tied whether the embedding also makes the logits
     * @param blocks number of blocks of the model
     */
    DType of(String gguf, List<Long> shape, boolean tied, int blocks) {
        if (shape.size() < 2 || !gguf.endsWith(".weight") || keepsPrecision(gguf)) {
            return DType.F32;
        }
        DType wanted = main;
        boolean logits = gguf.equals("output.weight") || (tied && gguf.equals("token_embd.weight"));
        if (logits && main.quantised() && main != DType.Q8_0) {
            wanted = shape.getLast() % 256 == 0 ? DType.Q6_K : DType.Q8_0;
        } else if (mixed && (gguf.contains("attn_v.") || gguf.contains("ffn_down.")) && sensitive(gguf, blocks)) {
            wanted = DType.Q6_K;
        }
        return fitting(wanted, shape.getLast());
    }

    private static boolean keepsPrecision(String gguf) {
        return gguf.contains("_norm.")
                || gguf.startsWith("position_embd.")
                || gguf.startsWith("token_types.")
                || gguf.contains("attn_rel_b.")
                || gguf.startsWith("cls.");
    }

    /** The first and last eighth of the blocks and every third of the others. */
    private static boolean sensitive(String gguf, int blocks) {
        int block = Arrays.stream(gguf.split("\\."))
                .filter(p -> !p.isEmpty() && p.length() < 9 && p.chars().allMatch(c -> c >= '0' && c <= '9'))
                .mapToInt(Integer::parseInt)
                .findFirst()
                .orElse(0);
        return block < blocks / 8 || block >= 7 * blocks / 8 || (block - blocks / 8) % 3 == 2;
    }

    private static DType fitting(DType wanted, long row) {
        if (row % wanted.blockSize() == 0) {
            return wanted;
        }
        DType smaller = switch (wanted) {
            case Q2_K, Q3_K -> DType.IQ4_NL;
            case Q4_K -> DType.Q5_0;
            case Q5_K -> DType.Q5_1;
            case Q6_K -> DType.Q8_0;
            default -> DType.F16;
        };
        return row % smaller.blockSize() == 0 ? smaller : DType.F16;
    }

    /** ggml's number of the file type (enum llama_ftype), for general.file_type. */
    int fileType() {
        return switch (main) {
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q8_0 -> 7;
            case Q5_0 -> 8;
            case Q5_1 -> 9;
            case Q2_K -> 10;
            case Q3_K -> 12;
            case Q4_K -> mixed ? 15 : 14;
            case Q5_K -> mixed ? 17 : 16;
            case Q6_K -> 18;
            case IQ4_NL -> 25;
            case BF16 -> 32;
            case MXFP4 -> 38;
            default -> 0;
        };
    }
}
