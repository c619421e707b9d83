package dev.cutaway.inspect;

import dev.cutaway.inspect.InspectedModel.Piece;
import dev.cutaway.inspect.InspectedModel.Trace;
import dev.cutaway.model.Model;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.Decoder;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** What a model's tokens are as text. A model without a tokenizer is given ids, and its tokens are shown as their ids. */
final class Texts {
    private final Model model;
    private final Optional<Tokenizer> tokenizer;

    Texts(Model model) {
        this.model = model;
        this.tokenizer = model.hasTokenizer() ? Optional.of(model.tokenizer()) : Optional.empty();
    }

    /** The ids of a prompt. */
    int[] ids(String text) {
        if (tokenizer.isPresent()) {
            return tokenizer.get().ids(text, EncodeOptions.TEXT);
        }
        String[] parts = text.strip().split("[\\s,]+");
        int vocabulary = model.sizes().vocabulary();
        if (Arrays.stream(parts).anyMatch(p -> !p.matches("\\d{1,9}") || Integer.parseInt(p) >= vocabulary)) {
            throw new BadInputException(model.name() + ": has no tokenizer, so the prompt is token ids from 0 to "
                    + (vocabulary - 1) + ", such as 5 17 3; type ids, or add the tokenizer's files");
        }
        return Arrays.stream(parts).mapToInt(Integer::parseInt).toArray();
    }

    /** A token's text, with the space before it that some tokenizers leave to the decoder of a whole text. */
    String word(int id) {
        if (tokenizer.isEmpty()) {
            return String.valueOf(id);
        }
        String text = tokenizer.get().text(id);
        boolean spaced =
                tokenizer.get().piece(id).filter(p -> p.startsWith("▁")).isPresent();
        return spaced && !text.startsWith(" ") ? " " + text : text;
    }

    List<Piece> pieces(int[] ids) {
        List<Piece> out = new ArrayList<>(ids.length);
        for (int id : ids) {
            out.add(new Piece(id, word(id)));
        }
        return out;
    }

    Trace trace(String text) {
        Tokenizer t = tokenizer.orElseThrow(() -> new BadInputException(
                model.name() + ": has no tokenizer, so there is nothing to show; its prompt is the ids themselves"));
        return Traces.of(t.trace(text, EncodeOptions.ALL), this::word);
    }

    /** What tokens complete of a text, one after the other. */
    IntFunction<String> decoder() {
        if (tokenizer.isEmpty()) {
            return id -> " " + id;
        }
        Decoder decoder = tokenizer.get().decoder(false);
        return decoder::add;
    }
}
