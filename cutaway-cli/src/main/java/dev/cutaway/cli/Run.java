package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.template.Message;
import java.nio.file.Path;
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
    private final GeneratingArguments generating = new GeneratingArguments();

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "A PNG or JPEG image that the model reads first; without PROMPT it says what it sees.")
    private @Nullable Path image;

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told beforehand.")
    private @Nullable String system;

    @Option(names = "--raw", description = "Without the model's chat template.")
    private boolean raw;

    /** Takes the value of an option, for {@link PlainRun}; says whether it knows it. */
    boolean take(String option, String value) {
        switch (option) {
            case "--system" -> system = value;
            case "--image" -> image = Path.of(value);
            default -> {
                return generating.take(option, value);
            }
        }
        return true;
    }

    /** Takes an option without a value, for {@link PlainRun}; says whether it knows it. */
    boolean take(String option) {
        if (!option.equals("--raw")) {
            return generating.take(option);
        }
        raw = true;
        return true;
    }

    /** Takes what stands without an option, for {@link PlainRun}. */
    void take(String name, @Nullable String text, int threads) {
        model.plain(name, threads, generating.json());
        prompt = text;
    }

    @Override
    public void run() {
        SessionOptions how = generating.session();
        if (generating.hasIds() && prompt != null) {
            throw new UsageException("give either PROMPT or --tokens");
        }
        try (Model opened = model.open(generating.exact(), generating.cache());
                Out out = new Out()) {
            requireDecoder(opened);
            opened.prepareSoon(); // while the tokenizer is read
            GenerateOptions options = generating.sampling().options(opened, false);
            try (Session session = opened.session(how)) {
                if (image != null) {
                    session.image(Images.read(opened, image));
                    once(
                            session,
                            generating.hasIds() ? ids(opened) : prompts(opened).behindImage(prompt),
                            options,
                            out);
                } else if (prompt == null && !generating.hasIds()) {
                    new Conversation(session, prompts(opened), options, system, generating.json(), out).run();
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

    private Prompts prompts(Model opened) {
        return new Prompts(opened, raw, generating.encoding());
    }

    private int[] ids(Model opened) {
        if (generating.hasIds()) {
            return generating.ids().orElseThrow();
        }
        Prompts prompts = prompts(opened);
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
        Writing writing = new Writing(session, out, generating.json());
        StringBuilder shown = new StringBuilder();
        Generation g = session.generate(ids, options, token -> {
            shown.append(token.text());
            writing.token(token);
        });
        writing.end(g, shown.toString());
    }
}
