package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Converts models between formats and element types: Hugging Face directory or GGUF file in, GGUF file or Hugging Face
 * directory out. Data flows tensor by tensor, in pieces, so that a model larger than memory can be converted; what is written
 * appears whole at the end or not at all; the space on the disk is checked first.
 */
public final class Converter {
    /** Files of a model directory that belong to the model but hold no weights. */
    private static final List<String> COMPANIONS = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "spiece.model",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "vocab.txt",
            "merges.txt",
            "generation_config.json",
            "chat_template.jinja",
            "preprocessor_config.json",
            "modules.json",
            "sentence_bert_config.json",
            "config_sentence_transformers.json");

    private Converter() {}

    /** Told how far a conversion is, in bytes of data written. */
    @FunctionalInterface
    public interface Progress {
        /** So many bytes of so many are written. */
        void update(long done, long total);
    }

    /**
     * What a conversion did.
     *
     * @param out the file or directory written
     * @param tensors number of tensors
     * @param bytes bytes of tensor data
     * @param notes what was left out or kept in another type than asked for, a sentence each
     */
    public record Result(Path out, int tensors, long bytes, List<String> notes) {
        /** Keeps the notes from being changed. */
        public Result {
            notes = List.copyOf(notes);
        }
    }

    /** The names of types that {@link #convert} takes. */
    public static List<String> types() {
        return QuantPlan.labels();
    }

    /**
     * Converts a model.
     *
     * @param model a directory or a {@code .gguf} file
     * @param to an element type, as {@link #types} lists them
     * @param out a name that ends in {@code .gguf}, or a directory, that does not exist yet; or an empty directory
     * @throws UsageException if the type is unknown or does not fit the format
     * @throws BadInputException if the model cannot be read or has no place in the other format
     * @throws ResourceException if the disk has no room
     */
    public static Result convert(Path model, String to, Path out, Progress progress) {
        return convert(model, to, out, progress, Optional.empty());
    }

    /**
     * Converts a model whose weights something is done to, such as adapters merged into them.
     *
     * @param change gives the weights to write for those of the checkpoint, under transformers' names
     */
    public static Result convert(
            Path model, String to, Path out, Progress progress, Optional<UnaryOperator<Checkpoint>> change) {
        QuantPlan plan = QuantPlan.named(to);
        boolean gguf = out.toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
        boolean fromGguf = !Files.isDirectory(model);
        if (gguf) {
            refuseExisting(model, out);
        }
        if (!gguf && plan.main().quantised()) {
            throw new UsageException(
                    "--to " + to + ": safetensors has no place for it; give --out a name that ends in .gguf,"
                            + " or convert to f32, f16 or bf16");
        }
        if (fromGguf) {
            if (gguf && change.isPresent()) {
                throw new UsageException(
                        "convert --adapter from .gguf to .gguf: not possible at once; convert to a directory first");
            }
            return gguf
                    ? requantise(model, plan, out, progress)
                    : toDirectory(model, plan, out, progress, change.orElse(c -> c));
        }
        UnaryOperator<Checkpoint> own = change.orElse(c -> c);
        return gguf ? toGguf(model, plan, out, progress, own) : rewrite(model, plan, out, progress, own);
    }

    private static Result toGguf(
            Path model, QuantPlan plan, Path out, Progress progress, UnaryOperator<Checkpoint> change) {
        try (Checkpoint checkpoint = change.apply(Checkpoint.open(model))) {
            HfToGguf source = new HfToGguf(model, checkpoint);
            List<StreamedTensor> tensors = source.tensors(plan);
            GgufWriter.write(out, source.keys(plan), tensors, told(tensors, progress));
            List<String> notes = new ArrayList<>(source.notes());
            notes.addAll(exceptions(plan, tensors));
            return result(out, tensors, notes);
        }
    }

    /** The same file with other element types; metadata stays as it is. */
    private static Result requantise(Path model, QuantPlan plan, Path out, Progress progress) {
        try (Gguf gguf = Gguf.open(model)) {
            SequencedMap<String, GgufValue> keys =
                    new LinkedHashMap<>(gguf.keys().values());
            keys.put("general.file_type", GgufValue.of(plan.fileType()));
            keys.put("general.quantization_version", GgufValue.of(2));
            boolean tied = !gguf.names().contains("output.weight");
            int blocks = (int) gguf.names().stream()
                    .filter(n -> n.contains("blk.") && n.endsWith("ffn_down.weight"))
                    .count();
            List<StreamedTensor> tensors = new ArrayList<>();
            for (String name : gguf.names()) {
                TensorEntry entry = gguf.entry(name).orElseThrow();
                tensors.add(new StreamedTensor(
                        name, plan.of(name, entry.shape(), tied, blocks), entry.shape(), _ -> gguf.require(name)));
            }
            GgufWriter.write(out, keys, tensors, told(tensors, progress));
            return result(out, tensors, exceptions(plan, tensors));
        }
    }

    /** A Hugging Face directory in another float type. */
    private static Result rewrite(
            Path model, QuantPlan plan, Path out, Progress progress, UnaryOperator<Checkpoint> change) {
        try (Checkpoint checkpoint = change.apply(Checkpoint.open(model))) {
            Map<String, Object> config = config(model.resolve("config.json"), plan.main());
            List<StreamedTensor> tensors = new ArrayList<>();
            for (String name : checkpoint.names()) {
                tensors.add(plain(checkpoint, name, plan.main(), false));
            }
            return inDirectory(out, directory -> {
                SafetensorsWriter.write(
                        directory.resolve("model.safetensors"),
                        tensors,
                        Map.of("format", "pt"),
                        told(tensors, progress));
                writeJson(directory.resolve("config.json"), config);
                copyCompanions(model, directory);
                return result(out, tensors, List.of());
            });
        }
    }

    private static Result toDirectory(
            Path model, QuantPlan plan, Path out, Progress progress, UnaryOperator<Checkpoint> change) {
        try (GgufModel gguf = GgufModel.open(model)) {
            Checkpoint weights = change.apply(gguf);
            Map<String, Object> config = new LinkedHashMap<>(gguf.config());
            boolean transposed = config.remove("conv1d_layout") != null;
            config.put("torch_dtype", torchName(plan.main()));
            List<StreamedTensor> tensors = new ArrayList<>();
            for (String name : gguf.names()) {
                boolean turn = transposed
                        && gguf.entry(name).orElseThrow().shape().size() == 2
                        && (name.contains(".c_attn.") || name.contains(".c_proj.") || name.contains(".c_fc."));
                tensors.add(plain(weights, name, plan.main(), turn));
            }
            Map<String, byte[]> tokenizer = TokenizerFiles.of(gguf);
            return inDirectory(out, directory -> {
                SafetensorsWriter.write(
                        directory.resolve("model.safetensors"),
                        tensors,
                        Map.of("format", "pt"),
                        told(tensors, progress));
                writeJson(directory.resolve("config.json"), config);
                for (Map.Entry<String, byte[]> file : tokenizer.entrySet()) {
                    Files.write(directory.resolve(file.getKey()), file.getValue());
                }
                return result(out, tensors, List.of());
            });
        }
    }

    /** A tensor in the float type asked for; whole numbers stay as they are. */
    private static StreamedTensor plain(Checkpoint from, String name, DType dtype, boolean transpose) {
        TensorEntry entry = from.entry(name).orElseThrow();
        DType kept = entry.dtype().filter(DType::integer).orElse(dtype);
        List<Long> shape = transpose ? entry.shape().reversed() : entry.shape();
        return new StreamedTensor(
                name, kept, shape, arena -> transpose ? from.require(name).transposed(arena) : from.require(name));
    }

    private static LongConsumer told(List<StreamedTensor> tensors, Progress progress) {
        long total = tensors.stream().mapToLong(StreamedTensor::bytes).sum();
        progress.update(0, total);
        return done -> progress.update(Math.min(done, total), total);
    }

    private static Result result(Path out, List<StreamedTensor> tensors, List<String> notes) {
        return new Result(
                out,
                tensors.size(),
                tensors.stream().mapToLong(StreamedTensor::bytes).sum(),
                notes);
    }

    /** Says which matrices did not get the type asked for, as it changes size and accuracy. */
    private static List<String> exceptions(QuantPlan plan, List<StreamedTensor> tensors) {
        Map<DType, Integer> others = new LinkedHashMap<>();
        tensors.stream()
                .filter(t -> t.shape().size() > 1
                        && t.dtype() != plan.main()
                        && plan.main().quantised())
                .forEach(t -> others.merge(t.dtype(), 1, Integer::sum));
        return others.entrySet().stream()
                .map(e -> e.getValue() + " of " + tensors.size() + " tensors are "
                        + e.getKey().label() + ", not " + plan.label()
                        + ": logits, tables, or rows that its blocks do not divide")
                .toList();
    }

    private static void refuseExisting(Path model, Path out) {
        try {
            if (Files.exists(out) && Files.isSameFile(model, out)) {
                throw new UsageException(out + ": is the model itself; give --out another name");
            }
            if (Files.exists(out)) {
                throw new UsageException(out + ": exists already; give --out a name that does not, or remove it");
            }
        } catch (IOException e) {
            throw new BadInputException(out + ": cannot be read (" + MappedFile.reason(e) + ")", e);
        }
    }

    private static Map<String, Object> config(Path file, DType dtype) {
        var node = JsonFiles.readIfThere(file);
        if (!(node instanceof com.fasterxml.jackson.databind.node.ObjectNode object)) {
            throw new BadInputException(file + ": is missing or not an object; the directory holds no model");
        }
        Map<String, Object> config = new LinkedHashMap<>();
        object.properties().forEach(e -> config.put(e.getKey(), e.getValue()));
        config.remove("dtype");
        config.put("torch_dtype", torchName(dtype));
        return config;
    }

    private static String torchName(DType dtype) {
        return switch (dtype) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }

    private static void writeJson(Path file, Map<String, Object> value) throws IOException {
        Files.write(file, JsonFiles.write(value));
    }

    private static void copyCompanions(Path from, Path to) throws IOException {
        for (String name : COMPANIONS) {
            Path file = from.resolve(name);
            if (Files.isRegularFile(file)) {
                Files.copy(file, to.resolve(name));
            }
        }
    }

    /** Fills a directory. */
    @FunctionalInterface
    private interface Filling {
        Result fill(Path directory) throws IOException;
    }

    /** Fills a directory beside the one asked for and renames it when it is complete. */
    private static Result inDirectory(Path out, Filling filling) {
        try {
            if (Files.exists(out) && !isEmptyDirectory(out)) {
                throw new UsageException(out + ": exists already; give --out a name that does not, or remove it");
            }
            Path parent = out.toAbsolutePath().getParent();
            if (parent == null) {
                throw new UsageException(out + ": cannot be made; give --out the name of a directory");
            }
            Files.createDirectories(parent);
            Path temporary = Files.createDirectory(AtomicFile.sibling(out));
            try {
                Result result = filling.fill(temporary);
                Files.deleteIfExists(out);
                Files.move(temporary, out);
                return result;
            } finally {
                remove(temporary);
            }
        } catch (IOException e) {
            throw AtomicFile.failure(out, e);
        }
    }

    /**
     * The files of a model's tokenizer, by name.
     *
     * @param checkpoint the model's weights; a GGUF file has its tokenizer inside
     * @param directory where the files are, if there is one
     */
    public static Map<String, byte[]> tokenizer(Checkpoint checkpoint, Optional<Path> directory) {
        if (checkpoint instanceof GgufModel gguf) {
            return TokenizerFiles.of(gguf);
        }
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : COMPANIONS) {
            Path file = directory.map(d -> d.resolve(name)).orElse(Path.of(name));
            boolean other =
                    name.startsWith("generation") || name.startsWith("preprocessor") || name.contains("sentence");
            if (directory.isPresent() && !other && !name.equals("modules.json") && Files.isRegularFile(file)) {
                try {
                    files.put(name, Files.readAllBytes(file));
                } catch (IOException e) {
                    throw new BadInputException(file + ": cannot be read (" + MappedFile.reason(e) + ")", e);
                }
            }
        }
        return files;
    }

    private static boolean isEmptyDirectory(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.findAny().isEmpty();
        }
    }

    private static void remove(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(directory);
        }
    }
}
