package dev.cutaway.text.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What Python rendered, from {@code verification/templates}. */
final class TemplateCases {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Path ROOT = root();

    private TemplateCases() {}

    private static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path templates = at.resolve("verification/templates");
            if (Files.isDirectory(templates)) {
                return templates;
            }
        }
        throw new IllegalStateException(
                "no verification/templates above " + Path.of("").toAbsolutePath());
    }

    static JsonNode json(String file) throws IOException {
        return JSON.readTree(Files.readString(ROOT.resolve(file)));
    }

    /** The options of one of the conversations, with the variables and the clock that make.py uses. */
    static ChatOptions options(JsonNode conversation) {
        ChatOptions options = ChatOptions.DEFAULT
                .withClock(Clock.fixed(Instant.parse("2026-03-07T09:05:03Z"), ZoneOffset.UTC))
                .with("bos_token", "<s>")
                .with("eos_token", "</s>")
                .with("pad_token", "<pad>")
                .with("unk_token", "<unk>");
        for (Map.Entry<String, JsonNode> entry : conversation.path("options").properties()) {
            options = switch (entry.getKey()) {
                case "add_generation_prompt" ->
                    options.withGenerationPrompt(entry.getValue().asBoolean());
                case "continue_final_message" ->
                    options.withContinuation(entry.getValue().asBoolean());
                default -> options.with(entry.getKey(), JSON.convertValue(entry.getValue(), Object.class));
            };
        }
        options = list(conversation, "tools").map(options::withTools).orElse(options);
        return list(conversation, "documents").map(options::withDocuments).orElse(options);
    }

    private static Optional<List<?>> list(JsonNode conversation, String field) {
        return conversation.has(field)
                ? Optional.of(JSON.convertValue(conversation.get(field), List.class))
                : Optional.empty();
    }

    @SuppressWarnings("unchecked") // JSON objects have text keys
    static List<Message> messages(JsonNode conversation) {
        List<Map<String, Object>> raw = JSON.convertValue(conversation.get("messages"), List.class);
        return raw.stream().map(Message::new).toList();
    }
}
