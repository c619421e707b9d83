package dev.cutaway.text;

import dev.cutaway.text.join.Part;
import dev.cutaway.text.normal.WellFormed;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.pipeline.Encoder;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.trace.Trace;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Text to token ids and back, exactly as the tokenizer that a model was trained with does it. Made by {@link Tokenizers};
 * immutable and shared between threads.
 *
 * <p>The way of a text: tokens that were added to the vocabulary are found in it; what lies between is normalised, cut into
 * pre-tokens, and each becomes tokens of the model's vocabulary; then special tokens are put around. {@link #trace} shows all of
 * it. A lone surrogate counts as U+FFFD.
 */
public final class Tokenizer {
    private final Pipeline pipeline;
    private final Encoder encoder;
    private final SpecialTokens special;

    Tokenizer(Pipeline pipeline) {
        this.pipeline = pipeline;
        this.encoder = new Encoder(pipeline);
        this.special = new SpecialTokens(
                role("bos"),
                role("eos"),
                role("unk"),
                role("pad"),
                role("sep"),
                role("cls"),
                role("mask"),
                pipeline.ends());
    }

    private OptionalInt role(String name) {
        Integer id = pipeline.roles().get(name);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The tokens of a text. */
    public Encoding encode(String text, EncodeOptions options) {
        Part part = encoder.encode(WellFormed.of(text), 0, options.parseSpecial());
        return new Encoding(pipeline.postProcessor().apply(List.of(part), options.addSpecial()));
    }

    /** The tokens of two texts that belong together. */
    public Encoding encode(String text, String pair, EncodeOptions options) {
        Part a = encoder.encode(WellFormed.of(text), 0, options.parseSpecial());
        Part b = encoder.encode(WellFormed.of(pair), 1, options.parseSpecial()).withType(1);
        return new Encoding(pipeline.postProcessor().apply(List.of(a, b), options.addSpecial()));
    }

    /** Just the ids. */
    public int[] ids(String text, EncodeOptions options) {
        int[] ids = encoder.ids(WellFormed.of(text), options.parseSpecial());
        return pipeline.postProcessor().ids(ids, options.addSpecial());
    }

    /** The text of a sequence of tokens; ids that no token has are passed over. */
    public String decode(int[] ids, boolean skipSpecial) {
        Decoder decoder = decoder(skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.add(id));
        }
        return text.append(decoder.finish()).toString();
    }

    /** The text of one token alone, special or not. */
    public String text(int id) {
        return decode(new int[] {id}, false);
    }

    /**
     * A decoder for tokens that come after others: what a model generates after its prompt. The text of {@code before} is not
     * given again, but the space between it and the first token is, and a character that it ends in the middle of.
     */
    public Decoder decoder(boolean skipSpecial, int... before) {
        Decoder decoder = new Decoder(this, pipeline.decoder(), skipSpecial);
        for (int id : before) {
            decoder.add(id);
        }
        return decoder;
    }

    /** A token's entry in the vocabulary ({@code Ġthe}), empty if no token has this id. */
    public Optional<String> piece(int id) {
        AddedToken token = pipeline.added().byId(id);
        return token != null
                ? Optional.of(token.content())
                : Optional.ofNullable(vocabulary().piece(id));
    }

    /** The id of an entry of the vocabulary. */
    public OptionalInt id(String piece) {
        AddedToken token = pipeline.added().byContent(piece);
        int id = token != null ? token.id() : vocabulary().find(piece);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** One more than the highest id. */
    public int vocabularySize() {
        return Math.max(vocabulary().size(), pipeline.added().size());
    }

    /** Whether a token steers the model and is no text. */
    public boolean isSpecial(int id) {
        AddedToken token = pipeline.added().byId(id);
        return token != null && token.special();
    }

    /** The tokens with a role. */
    public SpecialTokens special() {
        return special;
    }

    /** How a text becomes tokens, with the default options of {@link #encode}. */
    public Trace trace(String text, EncodeOptions options) {
        return new Tracer(pipeline, encoder).trace(WellFormed.of(text), options);
    }

    Optional<String> pieceForDecoding(int id) {
        AddedToken token = pipeline.added().byId(id);
        return token != null
                ? Optional.of(pipeline.added().forDecoding(token))
                : Optional.ofNullable(vocabulary().piece(id));
    }

    private PieceTable vocabulary() {
        return pipeline.model().vocabulary();
    }
}
