package dev.cutaway.cli;

import dev.cutaway.graph.Gradients;
import dev.cutaway.model.Family;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutaway probe}: any tensor of a forward pass, as a file; changed numbers on the way; where a number comes from. */
@Command(
        name = "probe",
        description = "Writes tensors of one forward pass, changes some on the way, or explains one number.")
final class Probe implements Runnable {
    private static final String NEXT_TOKEN = "next-token";

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(names = "--text", paramLabel = "TEXT", description = "A text; special tokens are added and recognised.")
    private @Nullable String text;

    @Option(names = "--tokens", paramLabel = "1,2,3", description = "Token ids, nothing added.")
    private @Nullable String tokens;

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "A PNG or JPEG image; of a model that writes about images, before --text or --tokens.")
    private @Nullable Path image;

    @Option(names = "--source", paramLabel = "TEXT", description = "What an encoder reads, with --target.")
    private @Nullable String source;

    @Option(names = "--target", paramLabel = "TEXT", description = "What the decoder behind it has written.")
    private @Nullable String target;

    @Option(
            names = "--inputs",
            paramLabel = "FILE",
            description =
                    "A .safetensors batch (input_ids, attention_mask ...), or .jsonl: a text a line, a file each.")
    private @Nullable Path inputs;

    @Option(names = "--no-special", description = "Add no special tokens to the text.")
    private boolean noSpecial;

    @Option(names = "--no-parse-special", description = "Special tokens inside a text are text.")
    private boolean noParseSpecial;

    @Option(
            names = "--tensor",
            arity = "1..*",
            paramLabel = "GLOB",
            description = "Names or globs of tensors, such as 'blocks.*.attn.hook_pattern'.")
    private List<String> tensors = new ArrayList<>();

    @Option(names = "--out", paramLabel = "FILE", description = "The .safetensors file to write.")
    private @Nullable Path out;

    @Option(names = "--list", description = "Names, shapes and meanings of the tensors.")
    private boolean list;

    @Option(names = "--set", paramLabel = "NAME=FILE", description = "Replaces a tensor by one of a .safetensors file.")
    private List<String> set = new ArrayList<>();

    @Option(names = "--ablate", paramLabel = "NAME[...]", description = "Sets a part of a tensor to zero.")
    private List<String> ablate = new ArrayList<>();

    @Option(
            names = "--ablate-mean",
            paramLabel = "NAME[...]",
            description = "Sets a part of a tensor to its mean over the positions.")
    private List<String> ablateMean = new ArrayList<>();

    @Option(names = "--explain", paramLabel = "NAME[i,j,k]", description = "Where one number comes from.")
    private List<String> explain = new ArrayList<>();

    @Option(names = "--depth", paramLabel = "N", description = "Explains what the number comes from too, N deep.")
    private int depth = 1;

    @Option(names = "--top", paramLabel = "N", description = "Terms shown of an explanation; ${DEFAULT-VALUE}.")
    private int top = 10;

    @Option(names = "--json", description = "With --explain and --list, JSON.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Option(
            names = "--loss",
            paramLabel = "OBJECTIVE",
            description =
                    "next-token: makes gradients tensors, 'grad.' and a name, and 'loss'. So do labels in --inputs.")
    private @Nullable String loss;

    @Override
    public void run() {
        check();
        Edits edits = Edits.read(set, ablate, ablateMean);
        try (Model opened = model.open(exact);
                Out result = new Out()) {
            TextInputs texts = new TextInputs(opened, new EncodeOptions(!noSpecial, !noParseSpecial));
            if (inputs != null && inputs.toString().endsWith(".jsonl")) {
                lines(opened, texts, edits, inputs);
            } else {
                List<Sample> samples = samples(opened, texts);
                batch(opened, samples, gradient(opened, samples), edits, result);
            }
        }
    }

    private void check() {
        long given = Stream.of(
                        Optional.ofNullable(text),
                        Optional.ofNullable(tokens),
                        Optional.ofNullable(image),
                        Optional.ofNullable(source),
                        Optional.ofNullable(inputs))
                .filter(Optional::isPresent)
                .count();
        boolean words = image != null && given == 2 && (text != null || tokens != null);
        if ((given > 1 && !words) || (given == 0 && !list)) {
            throw new UsageException("give one of --text, --tokens, --image, --source with --target, or --inputs"
                    + " (--image with --text or --tokens for a model that writes about images)");
        }
        if (target != null && source == null) {
            throw new UsageException("--target needs --source");
        }
        if (loss != null && !loss.equals(NEXT_TOKEN)) {
            throw new UsageException(
                    "--loss " + loss + ": next-token is the loss that needs no labels; for others give labels"
                            + " in a .safetensors file of --inputs");
        }
        boolean file = inputs != null && inputs.toString().endsWith(".safetensors");
        if (loss == null && !file && tensors.stream().anyMatch(t -> t.startsWith(Gradients.PREFIX))) {
            throw new UsageException("gradients need a loss: give --loss next-token, or labels in --inputs");
        }
        if (loss != null && !(set.isEmpty() && ablate.isEmpty() && ablateMean.isEmpty())) {
            throw new UsageException("gradients are of the model as it is; leave --set and --ablate out, or --loss");
        }
        if (tensors.isEmpty() && explain.isEmpty() && !list) {
            throw new UsageException("nothing is asked for: give --tensor with --out FILE, --explain or --list");
        }
        if (out == null && !tensors.isEmpty() && !list) {
            throw new UsageException("--tensor needs --out FILE.safetensors");
        }
        if (depth < 1 || depth > 100 || top < 1) {
            throw new UsageException("--depth must be from 1 to 100, and --top at least 1");
        }
    }

    private List<Sample> samples(Model opened, TextInputs texts) {
        if (image != null) {
            Sample seen = Sample.image(Images.read(opened, image));
            if (opened.family() == Family.VISION) {
                if (text != null || tokens != null) {
                    throw new UsageException(opened + " reads images alone; leave --text and --tokens out");
                }
                return List.of(seen);
            }
            Sample words =
                    tokens != null ? texts.tokens(Ids.parse(tokens, "--tokens")) : texts.text(text == null ? "" : text);
            return List.of(words.behind(seen));
        }
        if (text != null) {
            return List.of(texts.text(text));
        }
        if (tokens != null) {
            return List.of(texts.tokens(Ids.parse(tokens, "--tokens")));
        }
        if (source != null) {
            return List.of(texts.pair(source, target == null ? "" : target));
        }
        return inputs != null ? InputFile.batch(opened, inputs) : List.of(Examples.of(opened));
    }

    /** What gives gradients, if a loss is asked for or the inputs have labels. */
    private Optional<GradientProbe> gradient(Model opened, List<Sample> samples) {
        List<int[]> labels = inputs != null && !inputs.toString().endsWith(".jsonl")
                ? InputFile.labels(opened, inputs, samples)
                : List.of();
        if (!labels.isEmpty()) {
            return Optional.of(GradientProbe.labelled(opened, samples, labels));
        }
        return loss != null ? Optional.of(GradientProbe.nextToken(opened, samples)) : Optional.empty();
    }

    private static List<TensorInfo> all(Look look, Optional<GradientProbe> gradient) {
        List<TensorInfo> all = new ArrayList<>(look.list());
        gradient.ifPresent(g -> all.addAll(g.list(look.list())));
        return all;
    }

    private void batch(Model opened, List<Sample> samples, Optional<GradientProbe> gradient, Edits edits, Out result) {
        if (list && samples.size() > 0) {
            try (Session s = samples.getFirst().run(opened)) {
                listing(all(s.look(), gradient), result);
            }
            if (out == null && explain.isEmpty()) {
                return;
            }
        }
        BatchRows rows = new BatchRows(samples);
        Map<String, List<Tensor>> parts = new LinkedHashMap<>();
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        for (int b = 0; b < samples.size(); b++) {
            try (Session s = samples.get(b).run(opened)) {
                Look look = edits.apply(s.look(), rows, b);
                List<TensorInfo> backward = new ArrayList<>();
                for (TensorInfo info : chosen(all(look, gradient))) {
                    infos.putIfAbsent(info.name(), info);
                    if (look.has(info.name())) {
                        parts.computeIfAbsent(info.name(), _ -> new ArrayList<>())
                                .add(look.value(info.name()));
                    } else {
                        backward.add(info);
                    }
                }
                if (gradient.isPresent() && !backward.isEmpty()) {
                    List<Tensor> values = gradient.get().values(b, backward);
                    for (int i = 0; i < values.size(); i++) {
                        parts.computeIfAbsent(backward.get(i).name(), _ -> new ArrayList<>())
                                .add(values.get(i));
                    }
                }
                Explaining explaining = new Explaining(look, depth, top);
                for (String what : explain) {
                    explaining.print(what, b, samples.size(), json, result);
                }
            }
        }
        if (out != null && !tensors.isEmpty()) {
            Map<String, Tensor> joined = new LinkedHashMap<>();
            parts.forEach((name, p) -> {
                TensorInfo info = infos.get(name);
                if (info != null) {
                    joined.put(name, GradientProbe.isLoss(info) ? GradientProbe.loss(p) : rows.join(info, p));
                }
            });
            SafetensorsWriter.write(out, joined);
        }
    }

    private List<TensorInfo> chosen(List<TensorInfo> all) {
        Set<String> names =
                Globs.match(tensors, all.stream().map(TensorInfo::name).toList());
        return all.stream().filter(i -> names.contains(i.name())).toList();
    }

    private void listing(List<TensorInfo> all, Out result) {
        List<TensorInfo> infos = tensors.isEmpty() ? all : chosen(all);
        if (json) {
            infos.forEach(i -> result.line(Json.of(
                    Json.object("name", i.name(), "dims", i.dims(), "sizes", i.sizes(), "meaning", i.meaning()))));
            return;
        }
        Table table = new Table("name", "shape", "");
        for (TensorInfo i : infos) {
            List<String> dims = new ArrayList<>();
            for (int a = 0; a < i.dims().size(); a++) {
                dims.add(i.dims().get(a) + " " + i.sizes().get(a));
            }
            table.row(i.name(), "[" + String.join(", ", dims) + "]", i.meaning());
        }
        table.printLeft(result);
    }

    /** One output file for each line: {@code FILE-1.safetensors} ..., or {@code DIR/1.safetensors}. */
    private void lines(Model opened, TextInputs texts, Edits edits, Path file) {
        if (out == null || tensors.isEmpty()) {
            throw new UsageException("--inputs with a .jsonl file needs --tensor and --out");
        }
        Path base = out;
        try (var in = new BufferedInputStream(Files.newInputStream(file))) {
            Lines lines = new Lines(in, file.toString());
            for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
                if (line.get().isBlank()) {
                    continue;
                }
                Sample sample = InputFile.line(opened, texts, line.get(), lines.where());
                out = numbered(base, lines.number());
                try (Out unused = new Out()) {
                    batch(opened, List.of(sample), gradient(opened, List.of(sample)), edits, unused);
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Path numbered(Path base, int n) {
        if (Files.isDirectory(base)) {
            return base.resolve(n + ".safetensors");
        }
        String name = base.getFileName() + "";
        String stem = name.endsWith(".safetensors") ? name.substring(0, name.length() - ".safetensors".length()) : name;
        return base.resolveSibling(stem + "-" + n + ".safetensors");
    }
}
