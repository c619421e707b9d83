package dev.cutaway.train.run;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Objective;
import java.util.List;
import java.util.Map;

/** Which class of transformers a model must be to learn an objective, and which of its values the loss is computed from. */
final class Heads {
    /** Where the class's name is not the type's with a capital letter. */
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("gpt2", "GPT2LMHeadModel"),
            Map.entry("gpt_neo", "GPTNeoForCausalLM"),
            Map.entry("gpt_neox", "GPTNeoXForCausalLM"),
            Map.entry("gemma3_text", "Gemma3ForCausalLM"),
            Map.entry("t5", "T5ForConditionalGeneration"),
            Map.entry("vit", "ViTForImageClassification"),
            Map.entry("deit", "DeiTForImageClassification"),
            Map.entry("swin", "SwinForImageClassification"),
            Map.entry("convnext", "ConvNextForImageClassification"));

    private Heads() {}

    /** What a family is for. */
    static String usual(Family family) {
        return switch (family) {
            case DECODER -> "next-token";
            case ENCODER -> "masked";
            case ENCODER_DECODER -> "sequence-to-sequence";
            case VISION -> "classify";
        };
    }

    /** The class of a {@code model_type} for an objective; for an empty one what is usual. */
    static String architecture(String type, String objective) {
        if (type.equals("bert")) {
            return switch (objective) {
                case "masked+next-sentence" -> "BertForPreTraining";
                case "classify" -> "BertForSequenceClassification";
                default -> "BertForMaskedLM";
            };
        }
        String named = NAMES.get(type);
        return named != null ? named : Character.toUpperCase(type.charAt(0)) + type.substring(1) + "ForCausalLM";
    }

    /** Refuses an objective that is for another family. */
    static void require(String objective, Family family, String type) {
        boolean fits = switch (family) {
            case DECODER -> objective.equals("next-token");
            case ENCODER -> objective.startsWith("masked") || objective.equals("classify");
            case ENCODER_DECODER -> objective.equals("sequence-to-sequence");
            case VISION -> objective.equals("classify");
        };
        if (!fits) {
            throw new UsageException("objective: " + objective + " is nothing that " + type + " learns; choose "
                    + (family == Family.ENCODER ? "masked, masked+next-sentence or classify" : usual(family)));
        }
    }

    /** The terms of the loss. */
    static List<Objective.Part> parts(String objective, double smoothing) {
        Objective.Part main = new Objective.Part("logits", Objective.LABELS, smoothing);
        return objective.equals("masked+next-sentence")
                ? List.of(main, new Objective.Part("nsp_logits", "next_sentence_label", smoothing))
                : List.of(main);
    }
}
