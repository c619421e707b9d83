package dev.cutaway.verification;

import dev.cutaway.model.Family;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.Session;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Runs one golden case and compares every tensor that the reference holds. */
final class Golden implements AutoCloseable {
    private final Model model;
    private final Checkpoint inputs;
    private final Checkpoint expected;

    Golden(Path model, Path inputs, Path expected) {
        this.model = Model.open(model.toString(), OpenOptions.defaults());
        this.inputs = Checkpoint.open(inputs);
        this.expected = Checkpoint.open(expected);
    }

    Model model() {
        return model;
    }

    Checkpoint expected() {
        return expected;
    }

    /** Sequences in the case. */
    int batch() {
        return (int) inputs.require(inputs.names().getFirst()).dim(0);
    }

    /** One sequence's ids without padding, and which positions of the padded row they stand at. */
    private record Ids(int[] ids, int[] positions) {}

    private Ids ids(String name, String mask, int sequence) {
        Tensor t = inputs.require(name);
        Optional<Tensor> m = inputs.tensor(mask);
        int n = (int) t.dim(1);
        List<Integer> at = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            if (m.isEmpty() || m.get().getInt((long) sequence * n + i) != 0) {
                at.add(i);
            }
        }
        int[] ids = at.stream().mapToInt(i -> t.getInt((long) sequence * n + i)).toArray();
        return new Ids(ids, at.stream().mapToInt(i -> i).toArray());
    }

    /** Runs one sequence of the case and returns the session. */
    Session run(int sequence) {
        Session s = model.session();
        switch (model.family()) {
            case DECODER -> {
                if (model.readsImages()) {
                    s.image(inputs.require("pixel_values").row(sequence));
                }
                s.append(ids("input_ids", "attention_mask", sequence).ids);
            }
            case ENCODER -> {
                Ids ids = ids("input_ids", "attention_mask", sequence);
                int[] types = inputs.names().contains("token_type_ids")
                        ? pick("token_type_ids", sequence, ids.positions)
                        : new int[0];
                s.encode(ids.ids, types, ids.positions);
            }
            case ENCODER_DECODER -> {
                s.source(ids("input_ids", "attention_mask", sequence).ids);
                s.append(ids("decoder_input_ids", "decoder_attention_mask", sequence).ids);
            }
            case VISION -> {
                Tensor pixels = inputs.require("pixel_values").row(sequence);
                s.image(pixels);
            }
        }
        return s;
    }

    private int[] pick(String name, int sequence, int[] positions) {
        Tensor t = inputs.require(name);
        int[] out = new int[positions.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = t.getInt(sequence * t.dim(1) + positions[i]);
        }
        return out;
    }

    /** Relative error of each tensor: largest difference over the reference's largest value. */
    SortedMap<String, Double> errors(int sequence, Session s) {
        SortedMap<String, Double> errors = new TreeMap<>();
        Look look = s.look();
        int[] rows = model.family() == Family.VISION
                ? range(s.length())
                : positions(sequence, "input_ids", "attention_mask");
        int[] target = model.family() == Family.ENCODER_DECODER
                ? positions(sequence, "decoder_input_ids", "decoder_attention_mask")
                : rows;
        for (String name : expected.names()) {
            if (name.startsWith("greedy")) {
                continue;
            }
            Tensor want = expected.require(name);
            Tensor got = look.value(name);
            boolean image = model.readsImages();
            errors.put(name, error(name, got, want, sequence, image, rows, target));
        }
        return errors;
    }

    private int[] positions(int sequence, String ids, String mask) {
        return ids(ids, mask, sequence).positions;
    }

    private static int[] range(int n) {
        int[] r = new int[n];
        for (int i = 0; i < n; i++) {
            r[i] = i;
        }
        return r;
    }

    /** Compares the unpadded part: each axis as long as the padded text maps to the positions that are there. */
    private static double error(
            String name, Tensor got, Tensor want, int sequence, boolean image, int[] source, int[] target) {
        long[] shape = got.shape();
        long[] full = want.shape();
        if (shape.length != full.length) {
            throw new AssertionError(name + ": " + got + " against " + want);
        }
        double most = 0;
        double scale = 1e-6;
        boolean crossPattern = name.contains("cross_attn") && (name.endsWith("scores") || name.endsWith("pattern"));
        boolean crossKeys = name.contains("cross_attn.hook_k") || name.contains("cross_attn.hook_v");
        boolean square = name.endsWith("hook_attn_scores") || name.endsWith("hook_pattern");
        for (long i = 0; i < got.size(); i++) {
            long rest = i;
            long[] at = new long[shape.length];
            for (int d = shape.length - 1; d > 0; d--) {
                at[d] = rest % shape[d];
                rest /= shape[d];
            }
            at[0] = sequence;
            boolean inEncoder = name.startsWith("encoder.") || crossKeys;
            int[] rowMap = inEncoder ? source : target;
            int rowAxis = square ? 2 : 1;
            boolean padded = shape.length > 2 && !image;
            if (padded) {
                at[rowAxis] = rowMap[(int) at[rowAxis]];
            }
            if (square && padded) {
                at[3] = (crossPattern ? source : rowMap)[(int) at[3]];
            }
            long flat = 0;
            for (int d = 0; d < full.length; d++) {
                flat = flat * full[d] + at[d];
            }
            double w = want.get(flat);
            if (Math.abs(w) > 1e30) {
                continue;
            }
            scale = Math.max(scale, Math.abs(w));
            double d = Math.abs(got.get(i) - w);
            most = Math.max(most, Double.isNaN(d) ? Double.POSITIVE_INFINITY : d);
        }
        return most / scale;
    }

    @Override
    public void close() {
        model.close();
        inputs.close();
        expected.close();
    }
}
