package dev.cutaway.train.data;

import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Architectures;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.arch.Labels;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.template.ChatTemplate;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What data must know of the model that learns from it, and of the run.
 *
 * @param tokenizer the model's; empty where it has none
 * @param template the model's chat template
 * @param config the model's configuration
 * @param sizes as the architecture reads them from the configuration
 * @param family of the architecture
 * @param patches {@link Model#patches}: an image {@code [channel, height, width]} as rows
 * @param batch examples of a step
 * @param context tokens of a sequence at most
 * @param seed of shuffling, masks, windows and augmentation
 */
public record DataContext(
        Optional<Tokenizer> tokenizer,
        Optional<ChatTemplate> template,
        Config config,
        Sizes sizes,
        Family family,
        Function<Tensor, Tensor> patches,
        int batch,
        int context,
        long seed) {
    public DataContext {
        if (batch < 1) {
            throw new UsageException("batch: " + batch + " examples in a step; there must be at least 1");
        }
        if (context < 1) {
            throw new UsageException("context: " + context + " tokens; there must be at least 1");
        }
        if (sizes.learnedPositions() && family != Family.VISION && context > sizes.context()) {
            throw new UsageException("context: " + context + " tokens are more than the " + sizes.context()
                    + " positions that the model has; make it smaller, or give the model more positions");
        }
    }

    /** The context of a model that is there already. */
    public static DataContext of(Model model, int batch, int context, long seed) {
        return new DataContext(
                model.hasTokenizer() ? Optional.of(model.tokenizer()) : Optional.empty(),
                model.chatTemplate(),
                model.config(),
                model.sizes(),
                model.family(),
                model::patches,
                batch,
                context,
                seed);
    }

    Tokenizer requireTokenizer() {
        return tokenizer.orElseThrow(() -> new BadInputException(
                config.file() + ": the model has no tokenizer, which texts need; put tokenizer.json beside it"));
    }

    String architecture() {
        return config.text("model_type", "of the model");
    }

    /** The token that a decoder's text begins with. */
    int decoderStart() {
        return config.count("decoder_start_token_id", config.count("pad_token_id", 0));
    }

    /** What stands for labels that are not counted in the decoder's own input. */
    int padding() {
        return config.count("pad_token_id", 0);
    }

    /** Classes of a classifier. */
    int classes() {
        int named = config.inner("id2label").map(m -> m.values().size()).orElse(2);
        return config.positive("num_labels", named);
    }

    /** The classes' names, if the configuration names them. */
    List<String> classNames() {
        return config.has("id2label") ? Labels.of(config, classes()) : List.of();
    }

    /** Whether a number is asked for, not a class. */
    boolean regression() {
        return config.text("problem_type", classes() == 1 ? "regression" : "").equals("regression");
    }

    int tokenTypes() {
        return config.positive("type_vocab_size", 2);
    }

    /** Whether the model reads images. */
    boolean readsImages() {
        String type = architecture();
        return family == Family.VISION
                || Architectures.all().stream().anyMatch(a -> a.name().equals(type) && a.readsImages());
    }

    ImageSizes image() {
        return ImageSizes.of(config);
    }
}
