package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.template.ChatOptions;
import dev.cutaway.text.template.ChatTemplate;
import dev.cutaway.text.template.Message;
import dev.cutaway.text.template.RenderedChat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What people write, as the token ids that a model reads. The text of special tokens in it stays text unless asked otherwise, in
 * conversations too: only the template's own end a turn.
 */
final class Prompts {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final EncodeOptions options;

    /**
     * Prompts for a model.
     *
     * @param raw whether the chat template is left out
     */
    Prompts(Model model, boolean raw, EncodeOptions options) {
        this.tokenizer = model.tokenizer();
        this.template = raw ? Optional.empty() : model.chatTemplate();
        this.options = options;
    }

    boolean chats() {
        return template.isPresent();
    }

    /** A text as it is, behind what the tokenizer adds. */
    int[] text(String text) {
        return tokenizer.ids(text, options);
    }

    /** The words that follow an image; at least the token that a text begins with. */
    int[] behindImage(@Nullable String text) {
        int[] ids = text(text == null ? "" : text);
        return ids.length > 0 ? ids : tokenizer.special().bos().stream().toArray();
    }

    /** A further piece of a text. */
    int[] more(String text) {
        return tokenizer.ids(text, new EncodeOptions(false, options.parseSpecial()));
    }

    /** A conversation, up to where the answer begins. */
    int[] chat(List<Message> messages) {
        ChatTemplate chat = template.orElseThrow(
                () -> new UsageException("the model has no chat template; it continues texts, so leave out --system"));
        ChatOptions chosen = ChatOptions.DEFAULT
                .with("bos_token", piece(tokenizer.special().bos()))
                .with("eos_token", piece(tokenizer.special().eos()));
        if (options.parseSpecial()) {
            return tokenizer.ids(chat.render(messages, chosen), EncodeOptions.TEMPLATE);
        }
        RenderedChat rendered = chat.renderMarked(messages, chosen, controlTokens());
        List<int[]> parts = new ArrayList<>();
        for (RenderedChat.Piece piece : rendered.pieces()) {
            parts.add(tokenizer.ids(piece.text(), piece.literal() ? EncodeOptions.BARE : EncodeOptions.TEMPLATE));
        }
        return parts.stream().flatMapToInt(IntStream::of).toArray();
    }

    private String piece(OptionalInt id) {
        return id.isPresent() ? tokenizer.piece(id.getAsInt()).orElse("") : "";
    }

    private List<String> controlTokens() {
        return IntStream.range(0, tokenizer.vocabularySize())
                .filter(tokenizer::isSpecial)
                .mapToObj(id -> tokenizer.piece(id).orElse(""))
                .filter(s -> !s.isEmpty())
                .toList();
    }
}
