package dev.cutaway.cli;

import dev.cutaway.model.Session;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Texts on their way to vectors: several go through the model at once, and are answered in their order. A text that cannot be
 * embedded has an answer of its own and takes no other with it.
 */
final class Embeddings {
    /** Tokens that wait at most: two steps of the model. */
    private static final int MAX_TOKENS = 1024;

    /** Texts that wait at most: each has keys and values of its own, a megabyte in a small model. */
    private static final int MAX_TEXTS = 32;

    /** Characters that wait at most: a text may be far longer than what the model reads of it. */
    private static final int MAX_CHARACTERS = 1 << 20;

    /** Who is given the answers, in order. */
    interface Answers {
        void vector(String text, float[] vector);

        /** A text without a vector; it is empty where it could not be read. */
        void refused(Optional<String> text, BadInputException why);

        /** All that is known has been answered. */
        void pause();
    }

    private record Waiting(String text, String where, int[] ids, int[] types) {}

    private final Session session;
    private final SentenceModel sentences;
    private final Answers answers;
    private final List<Waiting> waiting = new ArrayList<>();
    private int tokens;
    private int characters;

    Embeddings(Session session, SentenceModel sentences, Answers answers) {
        this.session = session;
        this.sentences = sentences;
        this.answers = answers;
    }

    /**
     * Takes a text.
     *
     * @param where where it stands, as messages begin
     */
    void add(String text, String where) {
        Encoding encoding = session.model().tokenizer().encode(text, EncodeOptions.ALL);
        int[] kept = sentences.kept(encoding);
        if (tokens + kept.length > MAX_TOKENS
                || waiting.size() == MAX_TEXTS
                || characters + text.length() > MAX_CHARACTERS) {
            answer();
        }
        int[] ids = new int[kept.length];
        int[] types = new int[kept.length];
        for (int i = 0; i < kept.length; i++) {
            ids[i] = encoding.id(kept[i]);
            types[i] = encoding.type(kept[i]);
        }
        waiting.add(new Waiting(text, where, ids, types));
        tokens += kept.length;
        characters += text.length();
    }

    /** Notes a text that could not even be read. */
    void refuse(BadInputException why) {
        answer();
        answers.refused(Optional.empty(), why);
    }

    /** Answers all that were taken. */
    void answer() {
        List<Waiting> now = List.copyOf(waiting);
        waiting.clear();
        tokens = 0;
        characters = 0;
        if (now.isEmpty()) {
            return;
        }
        List<Tensor> hidden = new ArrayList<>();
        try {
            hidden.addAll(encode(now)); // [position, width] of each
        } catch (BadInputException e) {
            now.forEach(this::alone); // one of them is bad; that is checked before anything is computed
        }
        for (int i = 0; i < hidden.size(); i++) {
            answers.vector(now.get(i).text(), sentences.vector(hidden.get(i)));
        }
        answers.pause();
    }

    private void alone(Waiting one) {
        Tensor hidden;
        try {
            hidden = encode(List.of(one)).getFirst();
        } catch (BadInputException e) {
            answers.refused(Optional.of(one.text()), new BadInputException(one.where() + ": " + e.getMessage()));
            return;
        }
        answers.vector(one.text(), sentences.vector(hidden));
    }

    private List<Tensor> encode(List<Waiting> texts) {
        return session.encodeAll(
                texts.stream().map(Waiting::ids).toList(),
                texts.stream().map(Waiting::types).toList(),
                SentenceModel.lastStream(session.model()));
    }
}
