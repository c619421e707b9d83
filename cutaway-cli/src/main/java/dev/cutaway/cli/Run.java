package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.template.Message;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cutaway run}: continues a text, or talks. */
@Command(name = "run", description = "Generates text; without PROMPT a conversation.")
final class Run implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PROMPT",
            description = "The text; -- before one that begins with a dash.")
    private @Nullable String prompt;

    @Mixin
    private final SamplingArguments sampling = new SamplingArguments();

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told beforehand.")
    private @Nullable String system;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Most tokens of prompt and answers; the model's by default.")
    private int context;

    @Option(names = "--raw", description = "Without the model's chat template.")
    private boolean raw;

    @Option(names = "--no-special", description = "Without the tokens that the tokenizer adds, such as BOS.")
    private boolean noSpecial;

    @Option(names = "--parse-special", description = "Special tokens inside a text are recognised.")
    private boolean parseSpecial;

    @Option(names = "--tokens", paramLabel = "1,2,3", description = "The prompt as token ids; nothing is added.")
    private @Nullable String tokens;

    @Option(names = "--json", description = "An object a token, then one with the numbers.")
    private boolean json;

    @Option(names = "--exact", description = "Quantised weights widened to float32, nothing rounded on the way.")
    private boolean exact;

    /** Takes the value of an option, for {@link PlainRun}; says whether it knows it. */
    boolean take(String option, String value) {
        switch (option) {
            case "--system" -> system = value;
            case "--context" -> context = Integer.parseInt(value);
            case "--tokens" -> tokens = value;
            default -> {
                return sampling.take(option, value);
            }
        }
        return true;
    }

    /** Takes an option without a value, for {@link PlainRun}; says whether it knows it. */
    boolean take(String option) {
        switch (option) {
            case "--raw" -> raw = true;
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

    /** Takes what stands without an option, for {@link PlainRun}. */
    void take(String name, @Nullable String text, int threads) {
        model.plain(name, threads, json);
        prompt = text;
    }

    @Override
    public void run() {
        if (context < 0) {
            throw new UsageException("--context " + context + ": give a number from 1");
        }
        if (tokens != null && prompt != null) {
            throw new UsageException("give either PROMPT or --tokens");
        }
        try (Model opened = model.open(exact);
                Out out = new Out()) {
            requireDecoder(opened);
            opened.prepareSoon(); // while the tokenizer is read
            GenerateOptions options = sampling.options(opened, false);
            SessionOptions how = SessionOptions.defaults().withRecording(false).withContext(context);
            try (Session session = opened.session(how)) {
                if (prompt == null && tokens == null) {
                    Prompts prompts = new Prompts(opened, raw, !noSpecial, parseSpecial);
                    new Conversation(session, prompts, options, system, json, out).run();
                } else {
                    once(session, ids(opened), options, out);
                }
            }
        }
    }

    private static void requireDecoder(Model opened) {
        String instead = switch (opened.family()) {
            case DECODER -> "";
            case ENCODER -> "fill, embed or classify";
            case ENCODER_DECODER -> "translate";
            case VISION -> "classify";
        };
        if (opened.family() != Family.DECODER) {
            throw new UsageException("run: " + opened + " does not continue texts; use cutaway " + instead);
        }
    }

    private int[] ids(Model opened) {
        if (tokens != null) {
            return Ids.parse(tokens, "--tokens");
        }
        Prompts prompts = new Prompts(opened, raw, !noSpecial, parseSpecial);
        if (!prompts.chats() && system == null) {
            return prompts.text(String.valueOf(prompt));
        }
        List<Message> messages = new ArrayList<>();
        if (system != null) {
            messages.add(Message.system(system));
        }
        messages.add(Message.user(String.valueOf(prompt)));
        return prompts.chat(messages);
    }

    private void once(Session session, int[] ids, GenerateOptions options, Out out) {
        Writing writing = new Writing(session, out, json);
        StringBuilder shown = new StringBuilder();
        Generation g = session.generate(ids, options, token -> {
            shown.append(token.text());
            writing.token(token);
        });
        writing.end(g, shown.toString());
    }
}
