package dev.cutaway.text.template;

import java.time.Clock;
import java.time.ZoneId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a template is rendered with besides the messages.
 *
 * @param tools JSON schemas of the tools that the model may call; empty where there are none
 * @param documents documents to answer from, as maps with {@code title} and {@code text}
 * @param addGenerationPrompt whether the text ends with the opening of an answer
 * @param continueFinalMessage whether the last message is left open, for the model to go on with it
 * @param variables further variables: {@code bos_token}, {@code eos_token}, {@code enable_thinking} ...
 * @param clock where {@code strftime_now} takes the time from
 * @param limits what the rendering may use
 */
public record ChatOptions(
        Optional<List<?>> tools,
        Optional<List<?>> documents,
        boolean addGenerationPrompt,
        boolean continueFinalMessage,
        Map<String, ?> variables,
        Clock clock,
        TemplateLimits limits) {

    /** No tools, no documents, no variables, a prompt for the answer at the end, the system's clock. */
    public static final ChatOptions DEFAULT = new ChatOptions(
            Optional.empty(),
            Optional.empty(),
            true,
            false,
            Map.of(),
            Clock.system(ZoneId.systemDefault()),
            TemplateLimits.DEFAULT);

    public ChatOptions {
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    /** The same with these tools. */
    public ChatOptions withTools(List<?> schemas) {
        return new ChatOptions(
                Optional.of(schemas), documents, addGenerationPrompt, continueFinalMessage, variables, clock, limits);
    }

    /** The same with these documents. */
    public ChatOptions withDocuments(List<?> texts) {
        return new ChatOptions(
                tools, Optional.of(texts), addGenerationPrompt, continueFinalMessage, variables, clock, limits);
    }

    /** The same with or without the opening of an answer at the end. */
    public ChatOptions withGenerationPrompt(boolean add) {
        return new ChatOptions(tools, documents, add, continueFinalMessage, variables, clock, limits);
    }

    /** The same with the last message left open (and then without a generation prompt) or closed. */
    public ChatOptions withContinuation(boolean open) {
        return new ChatOptions(tools, documents, addGenerationPrompt && !open, open, variables, clock, limits);
    }

    /** The same with one more variable. */
    public ChatOptions with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(variables);
        more.put(name, value);
        return new ChatOptions(tools, documents, addGenerationPrompt, continueFinalMessage, more, clock, limits);
    }

    /** The same with another clock. */
    public ChatOptions withClock(Clock other) {
        return new ChatOptions(tools, documents, addGenerationPrompt, continueFinalMessage, variables, other, limits);
    }

    /** The same with other limits. */
    public ChatOptions withLimits(TemplateLimits other) {
        return new ChatOptions(tools, documents, addGenerationPrompt, continueFinalMessage, variables, clock, other);
    }
}
