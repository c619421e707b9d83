package dev.cutaway.model.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.model.format.StreamedTensor;
import dev.cutaway.model.format.TextFile;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;

/** Writes the adapter of a graph as PEFT does, so that {@code PeftModel.from_pretrained} reads it. */
public final class AdapterWriter {
    private static final String PREFIX = "base_model.model.";

    private AdapterWriter() {}

    /**
     * Writes {@code adapter_model.safetensors}, then {@code adapter_config.json}; each appears whole or not at all.
     *
     * @param directory where to; made if it is not there
     * @param model the model without the adapter
     * @param base what the configuration calls that model: a directory or a name on the hub
     * @param adapted the graph with the adapter
     * @param config how the adapter was made
     * @param weights the adapter's weights
     */
    public static void write(
            Path directory,
            Model model,
            String base,
            Graph adapted,
            LoraConfig config,
            Function<Parameter, Tensor> weights) {
        Adapted whose = new Adapted(model.graph(), model.config(), model.family(), model.basePrefix());
        write(directory, whose, base, adapted, config, weights);
    }

    /** What an adapter is for: a model, or what shall become one. */
    record Adapted(Graph graph, Config config, Family family, String basePrefix) {}

    static void write(
            Path directory,
            Adapted model,
            String base,
            Graph adapted,
            LoraConfig config,
            Function<Parameter, Tensor> weights) {
        List<StreamedTensor> tensors = new ArrayList<>();
        wholes(adapted, weights).forEach((name, t) -> tensors.add(StreamedTensor.of(key(model, name), t)));
        SafetensorsWriter.write(directory.resolve(Adapter.TENSORS), tensors, Map.of("format", "pt"), done -> {});
        TextFile.write(directory.resolve(Adapter.CONFIG), json(model, base, adapted, config));
    }

    /** The adapter's tensors under the names that the graph uses, put together where the graph cuts them. */
    static Map<String, Tensor> wholes(Graph adapted, Function<Parameter, Tensor> weights) {
        Map<String, List<Parameter>> parts = new TreeMap<>();
        for (Node n : adapted.nodes()) {
            if (n.op() instanceof Parameter p && Lora.adapts(p)) {
                List<Parameter> same = parts.computeIfAbsent(p.source().name(), k -> new ArrayList<>());
                if (!same.contains(p)) {
                    same.add(p);
                }
            }
        }
        Map<String, Tensor> all = new LinkedHashMap<>();
        parts.forEach((name, ps) -> all.put(name, whole(ps, weights)));
        return all;
    }

    /** The name in PEFT's file of a tensor that the graph calls so. */
    static String key(Adapted model, String name) {
        String own = bare(model) && name.startsWith(model.basePrefix())
                ? name.substring(model.basePrefix().length())
                : name;
        return PREFIX
                + own.replaceFirst("\\.(lora_A|lora_B)\\.[^.]+\\.weight$", ".$1.weight")
                        .replaceFirst("\\.modules_to_save\\.[^.]+\\.", ".");
    }

    /** Models without a head have no prefix in transformers. */
    private static boolean bare(Adapted model) {
        Object classes = model.config().values().get("architectures");
        String first = classes instanceof List<?> l && !l.isEmpty() ? String.valueOf(l.getFirst()) : "";
        return first.endsWith("Model") && !first.endsWith("LMHeadModel");
    }

    /** The tensor that the parts were cut out of. */
    private static Tensor whole(List<Parameter> parts, Function<Parameter, Tensor> weights) {
        Parameter one = parts.getFirst();
        WeightSource s = one.source();
        if (s.whole()) {
            return weights.apply(one).widen();
        }
        long[] shape = Lora.shape(one);
        int end = parts.stream().mapToInt(p -> p.source().to()).max().orElseThrow();
        long rows = end < 0 ? shape[0] : (long) end * s.groups();
        long[] stored = shape.length == 1
                ? new long[] {rows}
                : s.transposed() ? new long[] {shape[1], rows} : new long[] {rows, shape[1]};
        Tensor whole = Tensor.zeros(stored);
        for (Parameter p : parts) {
            Tensor t = weights.apply(p);
            long width = t.rank() == 1 ? 1 : t.dim(1);
            long[] index = new long[t.rank()];
            for (long i = 0; i < t.size(); i++) {
                index[0] = i / width;
                if (index.length > 1) {
                    index[1] = i % width;
                }
                whole.set(p.source().sourceElement(index, stored), t.get(i));
            }
        }
        return whole;
    }

    private static String json(Adapted model, String base, Graph adapted, LoraConfig config) {
        List<String> modules = new ArrayList<>();
        boolean turned = true;
        Map<String, Parameter> matrices = new LinkedHashMap<>();
        for (Node n : model.graph().nodes()) {
            Lora.Modules.matrix(n).ifPresent(p -> matrices.put(Lora.Modules.module(p), p));
        }
        for (Node n : adapted.nodes()) {
            if (n.op() instanceof Parameter p && p.source().name().contains(".lora_A.")) {
                String name = p.source().name();
                String module = name.substring(0, name.indexOf(".lora_A."));
                modules.add(module);
                Parameter matrix = matrices.get(module);
                turned &= matrix != null && matrix.source().transposed();
            }
        }
        Map<String, Object> json = new TreeMap<>();
        json.put("peft_type", "LORA");
        json.put(
                "task_type",
                switch (model.family()) {
                    case DECODER -> "CAUSAL_LM";
                    case ENCODER_DECODER -> "SEQ_2_SEQ_LM";
                    default -> null;
                });
        json.put("base_model_name_or_path", base);
        json.put("inference_mode", true);
        json.put("r", config.rank());
        json.put(
                "lora_alpha",
                config.alpha() == Math.rint(config.alpha()) ? (Object) (long) config.alpha() : config.alpha());
        json.put("lora_dropout", config.dropout());
        json.put(
                "target_modules",
                switch (config.targets()) {
                    case LoraConfig.Targets.Suffixes(List<String> names) -> names;
                    case LoraConfig.Targets.Expression(String pattern) -> pattern;
                    case LoraConfig.Targets.AllLinear() -> modules;
                });
        json.put("fan_in_fan_out", turned && !modules.isEmpty());
        json.put("bias", "none");
        json.put("use_rslora", config.rootRank());
        json.put("modules_to_save", config.modulesToSave().isEmpty() ? null : config.modulesToSave());
        json.put("rank_pattern", new TreeMap<>(config.rankPattern()));
        json.put("alpha_pattern", new TreeMap<>(config.alphaPattern()));
        json.put("init_lora_weights", true);
        json.put("layers_to_transform", null);
        json.put("layers_pattern", null);
        json.put("exclude_modules", null);
        json.put("auto_mapping", null);
        json.put("revision", null);
        json.put("use_dora", false);
        try {
            return Objects.requireNonNull(new ObjectMapper()
                            .enable(SerializationFeature.INDENT_OUTPUT)
                            .writeValueAsString(json))
                    + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
