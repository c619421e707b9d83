package dev.cutaway.model.arch;

import dev.cutaway.model.Config;
import dev.cutaway.tensor.BadInputException;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** The architectures that are known. */
public final class Architectures {
    private static final List<Architecture> ALL = List.of(
            new Gpt2(),
            new GptNeo(),
            new GptNeoX(),
            new Llama(),
            new Mistral(),
            new Qwen2(),
            new Qwen3(),
            new Gemma2(),
            new Gemma3(),
            new Phi3(),
            new Olmo2(),
            new Bert(),
            new T5(),
            new Marian(),
            new Gnmt(),
            new Vit(),
            new Deit(),
            new Swin(),
            new ConvNext(),
            new Captioner());

    private Architectures() {}

    /** All, in the order of their names. */
    public static List<Architecture> all() {
        return ALL.stream().sorted(Comparator.comparing(Architecture::name)).toList();
    }

    /** The architecture that a configuration names. */
    public static Architecture of(Config c) {
        String type = c.text("model_type", "");
        String name = type.equals("gemma3") ? "gemma3_text" : type;
        return ALL.stream().filter(a -> a.name().equals(name)).findFirst().orElseThrow(() -> {
            String known = all().stream().map(Architecture::name).collect(Collectors.joining(", "));
            return new BadInputException(c.file() + ": model_type "
                    + (type.isEmpty() ? "is missing" : "\"" + type + "\" is not known") + "; known are " + known
                    + "; choose a model of one of these");
        });
    }
}
