package dev.cutaway.model.arch;

import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;

/** Hugging Face's names of activation functions. */
final class Activations {
    private Activations() {}

    static Unary of(Config c, String key, String otherwise) {
        String name = c.text(key, otherwise);
        return switch (name) {
            case "gelu" -> Unary.GELU;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate" -> Unary.GELU_TANH;
            case "silu", "swish" -> Unary.SILU;
            case "relu" -> Unary.RELU;
            case "quick_gelu" -> Unary.QUICK_GELU;
            case "tanh" -> Unary.TANH;
            case "sigmoid" -> Unary.SIGMOID;
            default ->
                throw c.bad(
                        key,
                        "is \"" + name + "\", which is not known; known are gelu, gelu_new, gelu_pytorch_tanh, "
                                + "silu, relu, quick_gelu, tanh and sigmoid");
        };
    }
}
