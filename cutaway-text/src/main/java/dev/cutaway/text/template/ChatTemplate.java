package dev.cutaway.text.template;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template: the Jinja program that turns a conversation into the text the model was trained to read.
 *
 * <p>The interpreter is our own. It renders what transformers' {@code apply_chat_template} renders (Jinja with
 * {@code trim_blocks}, {@code lstrip_blocks}, loop controls, the immutable sandbox and transformers' own
 * {@code tojson}, {@code raise_exception} and {@code strftime_now}), and it treats the template as what it is, a
 * program by a stranger: its values are a closed set without any Java object in it, and time, steps, text and depth
 * are limited. What Jinja has beyond that and a chat template cannot use (other files, HTML filters, randomness) is an
 * error that says so. Known differences: integers have 64 bits, and text marked {@code safe} does not escape what is
 * added to it with {@code +}.
 *
 * <p>Immutable; shared between threads.
 */
public final class ChatTemplate {
    private static final String CONTINUE = "CONTINUE_FINAL_MESSAGE_TAG ";
    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    private final String name;
    private final String source;
    private final List<Stmt> program;

    private ChatTemplate(String name, String source, List<Stmt> program) {
        this.name = name;
        this.source = source;
        this.program = program;
    }

    /**
     * A template from its text.
     *
     * @throws BadInputException where it is no valid template
     */
    public static ChatTemplate of(String source) {
        return of("chat template", source);
    }

    /**
     * A template from its text, with the name that messages give it, such as its file's.
     *
     * @throws BadInputException where it is no valid template
     */
    public static ChatTemplate of(String name, String source) {
        try {
            return new ChatTemplate(name, source, Parser.parse(source));
        } catch (TemplateSyntax e) {
            throw new BadInputException(name + ", line " + e.line() + ": " + oneLine(String.valueOf(e.getMessage()))
                    + "; the template cannot be read, use --raw to do without it");
        } catch (StackOverflowError e) {
            throw new BadInputException(
                    name + ": nested too deeply; the template cannot be read, use --raw to do without it");
        }
    }

    /**
     * The template that {@code tokenizer_config.json} holds: text, or a list of named ones, of which {@code default} is
     * taken, else the first.
     *
     * @param name what messages call the file
     * @param field the value of its {@code chat_template}; anything else than text or such a list is no template
     */
    public static Optional<ChatTemplate> ofField(String name, Object field) {
        if (field instanceof String text) {
            return Optional.of(of(name, text));
        }
        Object first = null;
        if (field instanceof List<?> list) {
            for (Object item : list) {
                if (item instanceof Map<?, ?> named && named.get("template") instanceof String text) {
                    first = first == null || "default".equals(named.get("name")) ? text : first;
                }
            }
        }
        return first instanceof String text ? Optional.of(of(name, text)) : Optional.empty();
    }

    /** The template's text. */
    public String source() {
        return source;
    }

    /**
     * The text of a conversation.
     *
     * @throws BadInputException where the template fails or refuses the conversation
     * @throws ResourceException where it exceeds its limits
     */
    public String render(List<Message> messages, ChatOptions options) {
        return run(conversation(messages, options, new ControlTokens(List.of())), options);
    }

    /** The text of a conversation with the default options: a prompt for the answer, no tools. */
    public String render(List<Message> messages) {
        return render(messages, ChatOptions.DEFAULT);
    }

    /**
     * The text of a conversation in which control tokens that the messages, tools and documents hold are told from the
     * template's own, so that a prompt cannot forge the end of a turn.
     *
     * @param controlTokens the tokenizer's special and added tokens
     */
    public RenderedChat renderMarked(List<Message> messages, ChatOptions options, Collection<String> controlTokens) {
        return ControlTokens.read(run(conversation(messages, options, new ControlTokens(controlTokens)), options));
    }

    /** Renders any template with just these variables; what the language tests use. */
    String renderVariables(Map<String, ?> variables, ChatOptions options) {
        return execute(new LinkedHashMap<>(variables), options);
    }

    private Map<String, @Nullable Object> conversation(
            List<Message> messages, ChatOptions options, ControlTokens tokens) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(options.variables());
        List<Map<String, @Nullable Object>> turns = new ArrayList<>();
        for (Message message : messages) {
            Map<String, @Nullable Object> turn = new LinkedHashMap<>();
            message.values().forEach((key, value) -> turn.put(key, tokens.mark(value)));
            turns.add(withReasoningNames(turn));
        }
        variables.put("messages", turns);
        variables.put("tools", tokens.mark(options.tools().orElse(null)));
        variables.put("documents", tokens.mark(options.documents().orElse(null)));
        variables.put("add_generation_prompt", options.addGenerationPrompt());
        return variables;
    }

    /** Templates read a model's reasoning under different names; transformers fills in the usual ones. */
    private static Map<String, @Nullable Object> withReasoningNames(Map<String, @Nullable Object> turn) {
        for (String field : REASONING) {
            Object reasoning = turn.get(field);
            if (reasoning != null) {
                turn.putIfAbsent("thinking", reasoning);
                turn.put("reasoning_content", reasoning);
                break;
            }
        }
        return turn;
    }

    private String run(Map<String, @Nullable Object> variables, ChatOptions options) {
        if (!options.continueFinalMessage()) {
            return execute(variables, options);
        }
        List<?> turns = (List<?>) variables.getOrDefault("messages", List.of());
        if (turns == null || turns.isEmpty() || !(turns.getLast() instanceof Map<?, ?> turn)) {
            throw new UsageException("there is no final message to continue; add one");
        }
        @SuppressWarnings("unchecked") // built by conversation() with text keys
        Map<String, @Nullable Object> last = (Map<String, @Nullable Object>) turn;
        String open = tagged(last);
        String rendered = execute(variables, options);
        int tag = rendered.lastIndexOf(CONTINUE.strip());
        if (tag < 0 || !rendered.contains(open.strip())) {
            throw new BadInputException(
                    name + ": the final message does not appear in the rendered text, so it cannot be continued; "
                            + "end the conversation with another one");
        }
        String before = rendered.substring(0, tag);
        return rendered.startsWith(CONTINUE, tag) ? before : PythonText.stripEnd(before);
    }

    /** Puts the tag behind the last text of a message; returns that text. */
    private static String tagged(Map<String, @Nullable Object> message) {
        Object content = message.get("content");
        if (content instanceof String text) {
            message.put("content", text + CONTINUE);
            return text;
        }
        if (content instanceof List<?> blocks) {
            for (Object block : blocks.reversed()) {
                if (block instanceof Map<?, ?> map && map.get("text") instanceof String text) {
                    List<@Nullable Object> copy = new ArrayList<>(blocks);
                    Map<Object, @Nullable Object> tagged = new LinkedHashMap<>(map);
                    tagged.put("text", text + CONTINUE);
                    copy.set(blocks.lastIndexOf(block), tagged);
                    message.put("content", copy);
                    return text;
                }
            }
        }
        throw new UsageException("the final message has no text to continue; give it content");
    }

    private String execute(Map<String, @Nullable Object> variables, ChatOptions options) {
        Scope globals = Environment.globals(options.clock());
        variables.forEach((key, value) -> globals.set(key, Values.of(value)));
        Interpreter interpreter = new Interpreter(new Budget(options.limits()), globals);
        try {
            return interpreter.render(program);
        } catch (TemplateFailure e) {
            throw located(e, interpreter.line());
        } catch (StackOverflowError e) {
            throw new ResourceException(
                    name + ", line " + interpreter.line() + ": nests too deeply; use --raw to do without the template");
        }
    }

    private CutawayException located(TemplateFailure e, int line) {
        String where = name + ", line " + line + ": ";
        String what = oneLine(String.valueOf(e.getMessage()));
        return switch (e.kind()) {
            case LIMIT -> new ResourceException(where + what + "; use --raw to do without the template");
            case REFUSED ->
                new BadInputException(where + "the template refuses this conversation: " + what
                        + "; change the messages, or use --raw to do without the template");
            case TEMPLATE -> new BadInputException(where + what + "; use --raw to do without the template");
        };
    }

    /** Messages may carry a template's own text; whatever that is, an error stays one line of printable characters. */
    private static String oneLine(String message) {
        String line = message.length() > 300 ? message.substring(0, 300) + "..." : message;
        return line.replaceAll("\\p{Cntrl}+", " ").strip();
    }

    @Override
    public String toString() {
        return "ChatTemplate[" + name + ", " + source.length() + " characters]";
    }
}
