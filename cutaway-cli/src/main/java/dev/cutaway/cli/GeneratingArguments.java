package dev.cutaway.cli;

import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What every command takes that has a model write. */
final class GeneratingArguments {
    @Mixin
    private final SamplingArguments sampling = new SamplingArguments();

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Most tokens that are held, answers included; the model's by default.")
    private int context;

    @Option(names = "--no-special", description = "Without the tokens that the tokenizer adds, such as BOS.")
    private boolean noSpecial;

    @Option(names = "--parse-special", description = "Special tokens inside a text are recognised.")
    private boolean parseSpecial;

    @Option(names = "--tokens", paramLabel = "1,2,3", description = "The text as token ids; nothing is added.")
    private @Nullable String tokens;

    @Option(names = "--json", description = "An object a token, then one with the numbers.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    @Option(
            names = "--cache",
            paramLabel = "TYPE",
            description =
                    "How keys and values are kept: f32, or f16 (half the memory, faster after long texts); ${DEFAULT-VALUE}.")
    private String cache = "f32";

    /** Takes the value of an option, for {@link PlainRun}; says whether it knows it. */
    boolean take(String option, String value) {
        switch (option) {
            case "--context" -> context = Integer.parseInt(value);
            case "--tokens" -> tokens = value;
            case "--cache" -> cache = value;
            default -> {
                return sampling.take(option, value);
            }
        }
        return true;
    }

    /** Takes an option without a value, for {@link PlainRun}; says whether it knows it. */
    boolean take(String option) {
        switch (option) {
            case "--no-special" -> noSpecial = true;
            case "--parse-special" -> parseSpecial = true;
            case "--json" -> json = true;
            case "--exact" -> exact = true;
            default -> {
                return sampling.take(option);
            }
        }
        return true;
    }

    /** How the next token is chosen. */
    SamplingArguments sampling() {
        return sampling;
    }

    /**
     * The ids of the text, where it was given as ids.
     *
     * @throws dev.cutaway.tensor.BadInputException if they are none
     */
    Optional<int[]> ids() {
        return Optional.ofNullable(tokens).map(t -> Ids.parse(t, "--tokens"));
    }

    /** Whether the text was given as ids. */
    boolean hasIds() {
        return tokens != null;
    }

    /** How a text becomes tokens. */
    EncodeOptions encoding() {
        return new EncodeOptions(!noSpecial, parseSpecial);
    }

    /**
     * How a session runs.
     *
     * @throws UsageException if {@code --context} is below 0
     */
    SessionOptions session() {
        if (context < 0) {
            throw new UsageException("--context " + context + ": give a number from 1");
        }
        return SessionOptions.defaults().withRecording(false).withContext(context);
    }

    boolean json() {
        return json;
    }

    boolean exact() {
        return exact;
    }

    /** How keys and values are kept. */
    String cache() {
        return cache;
    }
}
