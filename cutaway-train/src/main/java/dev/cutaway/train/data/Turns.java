package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.template.ChatOptions;
import dev.cutaway.text.template.ChatTemplate;
import dev.cutaway.text.template.Message;
import dev.cutaway.text.template.RenderedChat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Conversations as tokens of which only the assistant's are to be predicted. */
final class Turns {
    private final ChatTemplate template;
    private final Vocabulary vocabulary;
    private final boolean all;
    private final ChatOptions options;
    private final List<String> control;

    /**
     * @param all whether everything is to be predicted
     */
    Turns(ChatTemplate template, Vocabulary vocabulary, boolean all) {
        this.template = template;
        this.vocabulary = vocabulary;
        this.all = all;
        Tokenizer t = vocabulary.tokenizer();
        this.options = ChatOptions.DEFAULT
                .with("bos_token", piece(t, t.special().bos()))
                .with("eos_token", piece(t, t.special().eos()));
        this.control = IntStream.range(0, t.vocabularySize())
                .filter(t::isSpecial)
                .mapToObj(id -> t.piece(id).orElse(""))
                .filter(s -> !s.isEmpty())
                .toList();
    }

    private static String piece(Tokenizer t, OptionalInt id) {
        return id.isPresent() ? t.piece(id.getAsInt()).orElse("") : "";
    }

    /** Ids; those that are not to be predicted as {@code -1 - id}. */
    int[] tokens(List<Message> messages) {
        RenderedChat whole = render(messages, false);
        boolean[] answer = new boolean[whole.text().getBytes(StandardCharsets.UTF_8).length];
        for (int i = 0; i < messages.size(); i++) {
            if (all || "assistant".equals(messages.get(i).values().get("role"))) {
                mark(whole.text(), messages, i, answer);
            }
        }
        List<Integer> ids = new ArrayList<>();
        int at = 0; // bytes before the piece
        for (RenderedChat.Piece piece : whole.pieces()) {
            Encoding e = vocabulary
                    .tokenizer()
                    .encode(piece.text(), piece.literal() ? EncodeOptions.BARE : EncodeOptions.TEMPLATE);
            for (int k = 0; k < e.size(); k++) {
                boolean learnt = e.end(k) > e.start(k) && answer[at + e.start(k)] && answer[at + e.end(k) - 1];
                ids.add(learnt ? e.id(k) : -1 - e.id(k));
            }
            at += piece.text().getBytes(StandardCharsets.UTF_8).length;
        }
        int[] out = ids.stream().mapToInt(Integer::intValue).toArray();
        vocabulary.checked(out);
        return out;
    }

    /** Marks the bytes of one message: from where the template asks for it to its end, white space behind it not. */
    private void mark(String whole, List<Message> messages, int i, boolean[] answer) {
        String before = all && !"assistant".equals(messages.get(i).values().get("role"))
                ? rendered(messages.subList(0, i), false)
                : rendered(messages.subList(0, i), true);
        String with = rendered(messages.subList(0, i + 1), false);
        if (!whole.startsWith(with) || !with.startsWith(before)) {
            throw new BadInputException("the chat template does not put message " + (i + 1)
                    + " behind those before it as it asks for it, so what the assistant says cannot be told apart");
        }
        int from = before.getBytes(StandardCharsets.UTF_8).length;
        int to = with.stripTrailing().getBytes(StandardCharsets.UTF_8).length;
        for (int b = from; b < to; b++) {
            answer[b] = true;
        }
    }

    private String rendered(List<Message> messages, boolean asks) {
        return messages.isEmpty() && !asks ? "" : render(messages, asks).text();
    }

    private RenderedChat render(List<Message> messages, boolean asks) {
        return template.renderMarked(messages, options.withGenerationPrompt(asks), control);
    }
}
