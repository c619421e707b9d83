package dev.cutaway.cli;

import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.template.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A conversation: a turn a line, from a terminal or from a file. What exceeds the context drops the oldest turns and keeps the
 * system prompt. A model without a chat template continues one growing text instead.
 */
final class Conversation {
    private static final String HELP = """
            /help   these lines
            /reset  forget the conversation
            /exit   end it, as Ctrl-D does
            Ctrl-C stops an answer.""";

    /** A turn: what was said, and what it made the model read and write where there is no template. */
    private record Turn(Message message, int[] ids) {}

    private final Session session;
    private final Prompts prompts;
    private final GenerateOptions options;
    private final List<Message> system;
    private final boolean json;
    private final Out out;
    private final List<Turn> turns = new ArrayList<>();

    Conversation(
            Session session, Prompts prompts, GenerateOptions options, @Nullable String system, boolean json, Out out) {
        if (system != null && !prompts.chats()) {
            throw new UsageException("--system: the model has no chat template, or --raw leaves it out; "
                    + "put what it shall know at the beginning of the text");
        }
        this.session = session;
        this.prompts = prompts;
        this.options = options;
        this.system = system == null ? List.of() : List.of(Message.system(system));
        this.json = json;
        this.out = out;
    }

    void run() {
        if (Terminal.input() && Terminal.output() && !json) {
            try (TerminalTurns terminal = new TerminalTurns(session::cancel)) {
                System.err.println(session.model().name() + (prompts.chats() ? "" : " continues what you write")
                        + "; /help for help, /exit or Ctrl-D to end");
                loop(terminal::next, terminal::answering);
            }
        } else {
            loop(Lines.standardInput()::next, answer -> answer.run());
        }
    }

    /** Where the next line comes from. */
    private interface Source {
        Optional<String> next();
    }

    /** What an answer is generated within: on a terminal, Ctrl-C stops it. */
    interface Within {
        void run(Runnable answer);
    }

    private void loop(Source source, Within within) {
        for (Optional<String> line = source.next(); line.isPresent(); line = source.next()) {
            String said = line.get().strip();
            switch (said) {
                case "" -> {}
                case "/exit", "/quit" -> {
                    return;
                }
                case "/help" -> System.err.println(HELP);
                case "/reset" -> {
                    turns.clear();
                    System.err.println("The conversation is forgotten.");
                }
                default -> {
                    if (said.matches("/[a-z]+")) {
                        System.err.println(said + " is no command; /help shows them");
                    } else {
                        answer(line.get(), within);
                    }
                }
            }
            if (out.abandoned()) {
                return;
            }
        }
    }

    private void answer(String said, Within within) {
        turns.add(new Turn(
                Message.user(said),
                prompts.chats() ? new int[0] : turns.isEmpty() ? prompts.text(said) : prompts.more(said)));
        int[] ids;
        try {
            ids = fitting();
        } catch (BadInputException e) {
            turns.removeLast();
            System.err.println("cutaway: " + e.getMessage());
            return;
        }
        within.run(() -> {
            Writing writing = new Writing(session, out, json);
            StringBuilder shown = new StringBuilder();
            Generation g = session.generate(ids, options, token -> {
                shown.append(token.text());
                writing.token(token);
            });
            writing.end(g, shown.toString());
            turns.add(new Turn(Message.assistant(g.text()), g.ids()));
        });
    }

    /** The conversation's ids, with room for an answer; drops the oldest turns where there is none. */
    private int[] fitting() {
        int context = session.context();
        int room = context - Math.min(options.maxTokens(), context / 2);
        int dropped = 0;
        int[] ids = ids();
        while (ids.length > room && turns.size() > 1) {
            // A question goes with its answer.
            turns.removeFirst();
            if (turns.size() > 1
                    && "assistant".equals(turns.getFirst().message().values().get("role"))) {
                turns.removeFirst();
            }
            dropped++;
            ids = ids();
        }
        if (dropped > 0) {
            System.err.println("note: the conversation exceeds the context of " + context + " tokens; the oldest "
                    + (dropped == 1 ? "turn is" : dropped + " turns are") + " forgotten"
                    + (system.isEmpty() ? "" : ", the system prompt is kept"));
        }
        if (ids.length >= context) {
            throw new BadInputException(
                    "this turn has " + ids.length + " tokens, more than the context of " + context + "; shorten it");
        }
        return ids;
    }

    private int[] ids() {
        if (!prompts.chats()) {
            return turns.stream()
                    .flatMapToInt(t -> java.util.Arrays.stream(t.ids()))
                    .toArray();
        }
        List<Message> messages = new ArrayList<>(system);
        turns.forEach(t -> messages.add(t.message()));
        return prompts.chat(messages);
    }
}
