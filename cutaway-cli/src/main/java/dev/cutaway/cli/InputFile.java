package dev.cutaway.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Nearest;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Objective;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Inputs of a model from a file: a batch of tensors under Hugging Face's names, or lines of JSON. */
final class InputFile {
    private static final String LABELS = "labels";
    private static final Set<String> KNOWN = Set.of(
            "input_ids",
            "token_type_ids",
            "attention_mask",
            "decoder_input_ids",
            "pixel_values",
            "input_features",
            LABELS);

    private final Model model;
    private final Safetensors file;

    private InputFile(Model model, Safetensors file) {
        this.model = model;
        this.file = file;
    }

    /**
     * The rows of a batch.
     *
     * @throws BadInputException naming file and tensor if they are not what the model reads
     */
    static List<Sample> batch(Model model, Path path) {
        try (Safetensors file = Safetensors.open(path)) {
            return new InputFile(model, file).samples();
        }
    }

    /**
     * The labels of a batch, for each of its samples one for each row of the logits; empty if the file has none.
     *
     * @throws BadInputException naming file and tensor if they do not fit the inputs
     */
    static List<int[]> labels(Model model, Path path, List<Sample> samples) {
        try (Safetensors file = Safetensors.open(path)) {
            return file.names().contains(LABELS) ? new InputFile(model, file).labels(samples) : List.of();
        }
    }

    private List<int[]> labels(List<Sample> samples) {
        Tensor t = require(LABELS);
        boolean whole = t.dtype() == DType.I64 || t.dtype() == DType.I32;
        boolean each = t.rank() == 2;
        if (!whole || t.rank() < 1 || t.rank() > 2 || t.dim(0) != samples.size()) {
            throw bad(
                    LABELS,
                    "is " + t + "; it must hold integers, [batch] or [batch, position], for " + samples.size()
                            + " rows");
        }
        int classes = model.graph().require("logits").type().size(-1);
        List<int[]> all = new ArrayList<>();
        for (int b = 0; b < samples.size(); b++) {
            Sample s = samples.get(b);
            if (each && t.dim(1) != s.length()) {
                throw bad(LABELS, "has " + t.dim(1) + " columns; the rows have " + s.length());
            }
            int ahead = model.family() == Family.DECODER ? 1 : 0; // a decoder's are the ids themselves
            int[] own = new int[each ? s.tokens().length : 1];
            for (int i = 0; i < own.length; i++) {
                int column = each ? s.rows()[i] + ahead : 0;
                long label = !each ? t.getLong(b) : column < t.dim(1) ? t.getLong(b * t.dim(1) + column) : -1;
                if (label >= classes) {
                    throw bad(LABELS, "holds " + label + " in row " + b + "; the model has " + classes + " classes");
                }
                own[i] = (int) Math.max(label, Objective.NOT_COUNTED);
            }
            all.add(own);
        }
        return all;
    }

    private List<Sample> samples() {
        for (String name : file.names()) {
            if (!KNOWN.contains(name)) {
                throw bad(name, "is no input; the nearest is " + Nearest.of(name, KNOWN));
            }
        }
        if (file.names().contains("input_features")) {
            throw bad("input_features", "is for speech models; " + model + " is none");
        }
        if (model.family() == Family.VISION) {
            return images();
        }
        long[][] ids = integers("input_ids", null);
        long[][] mask = file.names().contains("attention_mask") ? integers("attention_mask", ids) : ones(ids);
        if (model.family() == Family.ENCODER_DECODER) {
            return pairs(ids, mask);
        }
        long[][] types =
                file.names().contains("token_type_ids") ? integers("token_type_ids", ids) : new long[ids.length][0];
        List<Sample> images = file.names().contains("pixel_values") ? images() : List.of();
        if (!images.isEmpty()) {
            requireImages(images.size(), ids.length, mask);
        }
        List<Sample> all = new ArrayList<>();
        for (int b = 0; b < ids.length; b++) {
            int[] rows = rows(mask[b], b);
            long[] type = types[b];
            Sample words = new Sample(
                    pick(ids[b], rows),
                    type.length == 0 ? new int[0] : pick(type, rows),
                    rows,
                    ids[b].length,
                    new int[0],
                    new int[0],
                    0,
                    List.of());
            all.add(images.isEmpty() ? words : words.behind(images.get(b)));
        }
        return all;
    }

    /** Words behind images, each as long as the others: rows of a batch are then the sequence's own. */
    private void requireImages(int images, int texts, long[][] mask) {
        if (!model.readsImages()) {
            throw bad("pixel_values", "are images; " + model + " reads none");
        }
        if (images != texts) {
            throw bad("pixel_values", "holds " + images + " images; input_ids has " + texts + " rows");
        }
        for (long[] row : mask) {
            if (java.util.Arrays.stream(row).anyMatch(i -> i == 0)) {
                throw bad("attention_mask", "has a 0; words behind images must all be as long");
            }
        }
    }

    private List<Sample> images() {
        Tensor pixels = require("pixel_values");
        if (pixels.rank() != 4) {
            throw bad("pixel_values", "has the shape " + pixels + "; it must have [batch, channel, height, width]");
        }
        List<Sample> all = new ArrayList<>();
        for (int b = 0; b < pixels.dim(0); b++) {
            Tensor one = pixels.row(b);
            all.add(Sample.image(Tensor.of(one.toFloats(), one.shape())));
        }
        return all;
    }

    private List<Sample> pairs(long[][] ids, long[][] mask) {
        long[][] targets = file.names().contains("decoder_input_ids")
                ? integers("decoder_input_ids", null)
                : file.names().contains(LABELS)
                        ? shiftedRight()
                        : IntStream.range(0, ids.length)
                                .mapToObj(_ -> new long[] {startToken(model)})
                                .toArray(long[][]::new);
        if (targets.length != ids.length) {
            throw bad("decoder_input_ids", "has " + targets.length + " rows; input_ids has " + ids.length);
        }
        List<Sample> all = new ArrayList<>();
        for (int b = 0; b < ids.length; b++) {
            int[] rows = rows(mask[b], b);
            int[] all0 = Sample.range(targets[b].length);
            int[] target = pick(targets[b], all0);
            all.add(new Sample(
                    target, new int[0], all0, target.length, pick(ids[b], rows), rows, ids[b].length, List.of()));
        }
        return all;
    }

    /** What a decoder reads while it is taught: the start token, then all labels but the last, those not counted as padding. */
    private long[][] shiftedRight() {
        Tensor labels = require(LABELS);
        if (labels.rank() != 2 || labels.size() == 0) {
            throw bad(LABELS, "is " + labels + "; without decoder_input_ids it must have the shape [batch, position]");
        }
        int width = (int) labels.dim(1);
        long padding = model.config().count("pad_token_id", 0);
        long[][] rows = new long[(int) labels.dim(0)][width];
        for (int i = 0; i < labels.size(); i++) {
            if (i % width + 1 < width) {
                long label = labels.getLong(i);
                rows[i / width][i % width + 1] = label < 0 ? padding : label;
            }
            rows[i / width][0] = startToken(model);
        }
        return rows;
    }

    /** What a decoder with an encoder begins with. */
    static int startToken(Model model) {
        return model.decoderStart();
    }

    private int[] rows(long[] mask, int b) {
        int[] rows = IntStream.range(0, mask.length).filter(i -> mask[i] != 0).toArray();
        if (rows.length == 0) {
            throw bad("attention_mask", "leaves no token of row " + b);
        }
        boolean holes = rows[rows.length - 1] - rows[0] != rows.length - 1;
        boolean before = rows[0] > 0;
        if (model.family() != Family.ENCODER
                && (holes || (before && model.sizes().learnedPositions()))) {
            throw bad(
                    "attention_mask",
                    "of row " + b + " has 0 before a 1; only padding at the end can be left out of this kind of model");
        }
        return rows;
    }

    private Tensor require(String name) {
        return file.tensor(name)
                .orElseThrow(() -> new BadInputException(
                        file.file() + ": has no " + name + ", which " + model + " reads; it has " + file.names()));
    }

    private long[][] integers(String name, long @org.jspecify.annotations.Nullable [][] like) {
        Tensor t = require(name);
        DType d = t.dtype();
        boolean whole =
                d == DType.I64 || d == DType.I32 || d == DType.I16 || d == DType.I8 || d == DType.U8 || d == DType.BOOL;
        if (!whole || t.rank() != 2 || t.size() == 0) {
            throw bad(name, "is " + t + "; it must hold integers, [batch, position]");
        }
        if (like != null && (t.dim(0) != like.length || t.dim(1) != like[0].length)) {
            throw bad(
                    name,
                    "is " + t + "; it must have the shape of input_ids, [" + like.length + ", " + like[0].length + "]");
        }
        int width = (int) t.dim(1);
        long[][] rows = new long[(int) t.dim(0)][width];
        for (int i = 0; i < t.size(); i++) {
            long v = t.getLong(i);
            if (v < 0 || v > Integer.MAX_VALUE) {
                throw bad(
                        name,
                        "holds " + v + " at row " + i / width + ", position " + i % width + "; it must be 0 or more");
            }
            rows[i / width][i % width] = v;
        }
        return rows;
    }

    private static long[][] ones(long[][] like) {
        long[][] ones = new long[like.length][like[0].length];
        for (long[] row : ones) {
            java.util.Arrays.fill(row, 1);
        }
        return ones;
    }

    private static int[] pick(long[] values, int[] rows) {
        return java.util.Arrays.stream(rows).map(r -> (int) values[r]).toArray();
    }

    private BadInputException bad(String name, String what) {
        return new BadInputException(file.file() + ": " + name + " " + what);
    }

    /** One sample a line: a string, {@code {"text"}}, {@code {"tokens"}} or {@code {"source","target"}}. */
    static Sample line(Model model, TextInputs texts, String line, String where) {
        JsonNode node = JsonInput.parse(line, where);
        if (node.isTextual()) {
            return texts.text(node.textValue());
        }
        if (node.path("text").isTextual()) {
            return node.path("pair").isTextual()
                    ? texts.textPair(
                            node.path("text").textValue(), node.path("pair").textValue())
                    : texts.text(node.path("text").textValue());
        }
        if (node.has("tokens")) {
            return texts.tokens(JsonInput.ids(node.get("tokens"), where));
        }
        if (node.path("source").isTextual()) {
            return texts.pair(
                    node.path("source").textValue(), node.path("target").asText(""));
        }
        throw new BadInputException(
                where
                        + ": is neither a string nor {\"text\": ...}, {\"tokens\": [...]} or {\"source\": ..., \"target\": ...}");
    }
}
