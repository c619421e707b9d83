package dev.cutaway.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.template.ChatTemplate;
import dev.cutaway.text.template.Message;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Conversations: JSONL with a list of messages, or rows of a table put into a question and an answer.
 *
 * @param table the files
 * @param field of JSONL that holds the messages
 * @param system what the model is told first, with a table; empty for nothing
 * @param user the question with {field}s of the row; empty where messages come from the file
 * @param assistant the answer, likewise
 * @param all whether questions are learnt too
 * @param shuffled whether each epoch has its own order
 */
record ChatData(
        Table table, String field, String system, String user, String assistant, boolean all, boolean shuffled) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern FIELD = Pattern.compile("\\{([^{}]+)}");

    ChatData {
        if (user.isEmpty() != assistant.isEmpty()) {
            throw new UsageException("data.user and data.assistant go together; give both, or messages in the file");
        }
    }

    static ChatData of(Keys keys) {
        ChatData data = new ChatData(
                Table.of(keys, "chat"),
                keys.text("field", "messages"),
                keys.text("system", ""),
                keys.text("user", ""),
                keys.text("assistant", ""),
                keys.choice("learn", "assistant", "assistant", "all").equals("all"),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"));
        keys.done();
        return data;
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.NEXT_TOKEN) {
            throw new UsageException("data.chat is for next-token; " + task.text() + " needs another kind of data");
        }
        ChatTemplate template = context.template()
                .orElseThrow(() -> new UsageException(context.config().file()
                        + ": the model has no chat template, which data.chat needs; put chat_template.jinja"
                        + " beside it"));
        Vocabulary v = Vocabulary.of(context);
        Turns turns = new Turns(template, v, all);
        Complaints complaints = new Complaints();
        String name = table.files().getFirst().toString();
        try (TokenStore.Builder out = new TokenStore.Builder()) {
            each(complaints, (file, line, messages) -> add(turns, file, line, messages, context, complaints, out));
            if (out.sequences() == 0) {
                throw new BadInputException(name + ": holds no conversation to learn from"
                        + complaints.firstOne().map(c -> " (" + c + ")").orElse("; it is empty"));
            }
            TokenStore store = out.build();
            Source source = new Sequences(name, store, Pieces.of(store, false, context.context(), 1), complaints);
            return new Drawn(
                    source, new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut));
        }
    }

    private static void add(
            Turns turns,
            Path file,
            long line,
            List<Message> messages,
            DataContext context,
            Complaints complaints,
            TokenStore.Builder out) {
        int[] ids;
        try {
            ids = turns.tokens(messages);
        } catch (CutawayException e) {
            complaints.add(file, line, e.getMessage() + "; left out");
            return;
        }
        if (ids.length > context.context() + 1) {
            complaints.note("conversations longer than the context of " + context.context() + " tokens, cut");
            ids = java.util.Arrays.copyOf(ids, context.context() + 1);
        }
        for (int i = 1; i < ids.length; i++) {
            if (ids[i] >= 0) {
                out.add(ids);
                return;
            }
        }
        complaints.add(file, line, "has nothing of the assistant within the context; left out");
    }

    /** Takes a conversation and where it stands. */
    private interface Sink {
        void take(Path file, long line, List<Message> messages);
    }

    private void each(Complaints complaints, Sink sink) {
        if (user.isEmpty()) {
            for (Path file : table.files()) {
                try (Lines lines = new Lines(file, complaints)) {
                    for (String line = lines.next(); line != null; line = lines.next()) {
                        if (!line.isBlank()) {
                            long number = lines.number();
                            messages(file, number, line, complaints).ifPresent(m -> sink.take(file, number, m));
                        }
                    }
                }
            }
            return;
        }
        List<String> wanted = new ArrayList<>();
        for (String text : List.of(user, assistant)) {
            for (Matcher m = FIELD.matcher(text); m.find(); ) {
                wanted.add(m.group(1));
            }
        }
        table.each(wanted, complaints, row -> {
            Map<String, String> values = new LinkedHashMap<>();
            for (int i = 0; i < wanted.size(); i++) {
                values.put(wanted.get(i), row.get(i));
            }
            List<Message> messages = new ArrayList<>();
            if (!system.isEmpty()) {
                messages.add(Message.system(system));
            }
            messages.add(Message.user(filled(user, values)));
            messages.add(Message.assistant(filled(assistant, values)));
            sink.take(row.file(), row.line(), messages);
        });
    }

    private static String filled(String text, Map<String, String> values) {
        return FIELD.matcher(text).replaceAll(m -> Matcher.quoteReplacement(values.getOrDefault(m.group(1), "")));
    }

    private Optional<List<Message>> messages(Path file, long number, String line, Complaints complaints) {
        JsonNode node = Table.object(file, number, line, complaints);
        if (node == null) {
            return Optional.empty();
        }
        JsonNode list = node.path(field);
        List<Message> out = new ArrayList<>();
        for (JsonNode m : list) {
            if (!m.isObject() || !m.path("role").isTextual()) {
                complaints.add(file, number, "has a message without a role under " + field + "; left out");
                return Optional.empty();
            }
            out.add(new Message(
                    JSON.convertValue(m, new com.fasterxml.jackson.core.type.TypeReference<Map<String, Object>>() {})));
        }
        if (!list.isArray() || out.isEmpty()) {
            complaints.add(file, number, "has no list of messages under " + field + "; left out");
            return Optional.empty();
        }
        return Optional.of(out);
    }
}
