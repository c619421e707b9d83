package dev.cutaway.model.format;

import dev.cutaway.model.format.GgufArchitecture.Quirk;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.function.LongUnaryOperator;

/**
 * A GGUF file shown as a Hugging Face model: configuration under config.json's keys, tensors under the checkpoint's
 * names and in its layout. What llama.cpp's converter changed is undone when a tensor is asked for:
 *
 * <ul>
 *   <li>{@code llama}: rows of q_proj and k_proj are put back in order (a copy of that tensor; quantised rows stay as they are);
 *   <li>{@code gptneox}: rows of query_key_value likewise;
 *   <li>{@code gemma2}, {@code gemma3}: norm weights lose the 1 that was added;
 *   <li>{@code gpt2}: matrices stay transposed, [out, in] where Hugging Face keeps [in, out], because blocks cannot be
 *       transposed; the configuration says so with {@code conv1d_layout: "out_in"}.
 * </ul>
 */
public final class GgufModel implements Checkpoint {
    private final Gguf gguf;
    private final GgufArchitecture architecture;
    private final Map<String, Object> config;
    private final SequencedMap<String, String> names; // Hugging Face's name -> GGUF's
    private final long heads;
    private final long headSize;

    private GgufModel(Gguf gguf, GgufArchitecture architecture) {
        this.gguf = gguf;
        this.architecture = architecture;
        names = new LinkedHashMap<>();
        boolean gated = gguf.names().stream().anyMatch(n -> n.endsWith(".ffn_gate.weight"));
        for (String name : gguf.names()) {
            if (!name.startsWith("rope_f")) { // tables that the configuration holds
                names.put(architecture.huggingFace(name, gated).orElse(name), name);
            }
        }
        config = GgufConfig.of(gguf, architecture);
        heads = number("num_attention_heads", 1);
        headSize = Math.max(2, number("head_dim", Math.max(2, number("hidden_size", 2) / heads)));
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws BadInputException if it is no GGUF file, damaged, or of an architecture that is not known
     */
    public static GgufModel open(Path path) {
        Gguf gguf = Gguf.open(path);
        try {
            String name = gguf.keys()
                    .string("general.architecture")
                    .orElseThrow(() -> gguf.keys().missing("general.architecture"));
            GgufArchitecture architecture = GgufArchitecture.ofGguf(name)
                    .orElseThrow(() -> new BadInputException(path + ": key general.architecture is "
                            + name.replaceAll("\\p{Cntrl}", "?") + ", which is not known; known are "
                            + GgufArchitecture.known() + "; choose a model of one of these"));
            return new GgufModel(gguf, architecture);
        } catch (RuntimeException e) {
            gguf.close();
            throw e;
        }
    }

    private long number(String key, long otherwise) {
        return config.get(key) instanceof Number n && n.longValue() > 0 ? n.longValue() : otherwise;
    }

    /** The configuration under config.json's keys: numbers, texts, truth values, lists and maps, as JSON has them. */
    public Map<String, Object> config() {
        return config;
    }

    /** The file's own metadata, where the tokenizer is. */
    public GgufMetadata keys() {
        return gguf.keys();
    }

    /** The file under its own names. */
    public Gguf raw() {
        return gguf;
    }

    /** GGUF's name of a tensor. */
    public Optional<String> ggufName(String name) {
        return Optional.ofNullable(names.get(name));
    }

    @Override
    public String ownName(String name) {
        return ggufName(name).or(() -> architecture.gguf(name)).orElse(name);
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(names.sequencedKeySet());
    }

    @Override
    public Optional<TensorEntry> entry(String name) {
        return ggufName(name)
                .flatMap(gguf::entry)
                .map(e -> new TensorEntry(name, e.dtypeName(), e.dtype(), e.shape(), e.fileOffset(), e.bytes()));
    }

    @Override
    public Optional<Tensor> tensor(String name) {
        return ggufName(name).flatMap(gguf::tensor).map(t -> undo(name, t));
    }

    @Override
    public Optional<Tensor> inFileOrder(String name) {
        return order(name).isPresent() ? ggufName(name).flatMap(gguf::tensor) : tensor(name);
    }

    @Override
    public LongUnaryOperator rowOrder(String name) {
        return order(name).map(RowOrder::source).orElse(LongUnaryOperator.identity());
    }

    private Tensor undo(String name, Tensor tensor) {
        if (architecture.has(Quirk.NORM_PLUS_ONE) && name.endsWith("norm.weight")) {
            Tensor less = Tensor.zeros(tensor.shape());
            for (long i = 0; i < tensor.size(); i++) {
                less.set(i, tensor.get(i) - 1);
            }
            return less;
        }
        return order(name).map(o -> o.apply(tensor)).orElse(tensor);
    }

    /** The order of a tensor's rows, where it differs from the file's. */
    private Optional<RowOrder> order(String name) {
        if (architecture.has(Quirk.PAIRED_ROTATION) && (name.contains(".q_proj.") || name.contains(".k_proj."))) {
            return Optional.of(RowOrder.pairsToHalves(checked(name, headSize)));
        }
        if (architecture.has(Quirk.SPLIT_QKV) && name.contains(".query_key_value.")) {
            return Optional.of(RowOrder.headsTogether(heads, checked(name, headSize * heads * 3) / heads / 3));
        }
        return Optional.empty();
    }

    /** A group of rows, held against the tensor that must consist of whole ones. */
    private long checked(String name, long group) {
        long rows = entry(name)
                .map(e -> e.shape().isEmpty() ? 0 : e.shape().getFirst())
                .orElse(0L);
        if ((group % 2 != 0 && architecture.has(Quirk.PAIRED_ROTATION)) || rows % group != 0) {
            throw new BadInputException(file() + ": tensor " + ggufName(name).orElse(name) + " has " + rows
                    + " rows, which are not whole heads of " + headSize + "; the file is damaged, convert it again");
        }
        return group;
    }

    @Override
    public long elementOffset(String name, long element) {
        TensorEntry entry = entry(name).orElseThrow(() -> new IllegalArgumentException("no tensor " + name));
        long source =
                order(name).map(o -> o.sourceElement(entry.dims(), element)).orElse(element);
        return gguf.elementOffset(ggufName(name).orElse(name), source);
    }

    @Override
    public Map<String, Object> metadata() {
        return gguf.metadata();
    }

    @Override
    public Path file() {
        return gguf.file();
    }

    @Override
    public void close() {
        gguf.close();
    }

    @Override
    public String toString() {
        return gguf + " as " + architecture.modelType();
    }
}
