package dev.cutaway.inspect;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What the inspector asks of a model, and all of it: the server knows no other way to a number. The one implementation for
 * real models is {@link LookModel}; tests may bring their own.
 *
 * <p>An {@code InspectedModel} is shared by every page; a {@link Sequence} belongs to one page and one thread, except for
 * {@link Sequence#cancel()}.
 */
public interface InspectedModel {
    /** The sizes that the drawing is laid out from. */
    Facts facts();

    /** A new, empty sequence. */
    Sequence sequence();

    /** What a token id decodes to alone. */
    String word(int id);

    /** How the tokenizer cuts a text, step by step. */
    Trace trace(String text);

    /**
     * Sizes of a model.
     *
     * @param family {@code decoder}, {@code encoder}, {@code encoder-decoder} or {@code vision}
     * @param headSize components of one query, key or value
     * @param hidden neurons of one MLP
     * @param context positions the model was made for, 0 if it names no limit
     * @param knee where the scale of signed values turns from linear to logarithmic
     * @param end the magnitude at which the scale of signed values ends
     */
    record Facts(
            String name,
            String architecture,
            String family,
            int layers,
            int heads,
            int keyValueHeads,
            int headSize,
            int width,
            int hidden,
            int vocabulary,
            int context,
            long parameters,
            double knee,
            double end) {}

    /** A tensor that can be asked for: its public name, the names and sizes of its dimensions, and its meaning in one line. */
    record Named(String name, List<String> dims, List<Long> sizes, String meaning) {}

    /** A token: its id and the text it decodes to alone. */
    record Piece(int id, String text) {}

    /** A token that was generated, and the text that it completes: nothing while a character is still in parts. */
    record Generated(Piece piece, String written) {}

    /** Values in row-major order, with their shape. */
    record Matrix(long[] shape, float[] values) {}

    /** One sequence of tokens, what the model computed for it, and what may be asked about it. */
    interface Sequence extends AutoCloseable {
        /**
         * Encodes and runs a text, keeping what the common prefix with the present tokens has computed.
         *
         * @param then ids of tokens to follow it, such as another model continued it with
         */
        List<Piece> prompt(String text, int... then);

        /** The tokens that the sequence holds. */
        List<Piece> tokens();

        /**
         * Continues the sequence until {@code most} tokens came, the model ended or {@link #cancel()} was called.
         *
         * @param onToken called on the same thread after each token, before the next is computed
         */
        void generate(Settings settings, int most, Consumer<Generated> onToken);

        /** Ends the generation in progress soon; from any thread. */
        void cancel();

        /** Keeps the first {@code length} tokens. */
        void truncate(int length);

        /** Every tensor that can be asked for at the present length. */
        List<Named> list();

        /**
         * The part of a tensor at positions {@code from} to {@code to} (exclusive), with its leading batch dimension.
         *
         * @param cancelled asked now and then; if it says so, {@link java.util.concurrent.CancellationException} is thrown
         */
        Matrix rows(String name, int from, int to, BooleanSupplier cancelled);

        /** Where one element comes from; the index includes the batch dimension. */
        Derivation explain(String name, long... index);

        /** What the sampling stages do with the logits of one position. */
        Draw draw(int position, Settings settings, int candidates);

        /** The largest difference between the logits of the last position as run and as recomputed; NaN while unknown. */
        double agreement();

        /** Another sequence with the same tokens. */
        Sequence fork();

        @Override
        void close();
    }

    /**
     * How to choose the next token.
     *
     * @param temperature 0 takes the largest logit
     * @param topK 0 for no limit
     * @param topP 1 for no limit
     * @param minP 0 for no limit
     * @param seed of the random numbers
     */
    record Settings(double temperature, int topK, double topP, double minP, long seed) {}

    /**
     * The candidates for the next token and what became of them.
     *
     * @param left how many candidates of the whole vocabulary are left after each stage, in order
     * @param candidates the first by logit
     * @param curve logits by rank, at ranks {@code ranks}
     * @param entropy of the distribution after temperature, in bits
     * @param drawn the candidate that the seed draws at this position
     */
    record Draw(
            List<Stage> left,
            List<Candidate> candidates,
            List<Integer> ranks,
            List<Float> curve,
            double entropy,
            Candidate drawn) {}

    /** A stage of sampling and how many candidates it left. */
    record Stage(String name, int left) {}

    /**
     * One candidate.
     *
     * @param rank from 1, by logit
     * @param probability after temperature, over the whole vocabulary
     * @param cutBy the name of the stage that removed it, empty if it survived
     * @param reason why, in a few words, empty if it survived
     * @param share its probability among the survivors
     * @param from where its part of the cumulative bar begins
     */
    record Candidate(
            int id,
            String text,
            int rank,
            double logit,
            double probability,
            String cutBy,
            String reason,
            double share,
            double from) {}

    /**
     * Where one number comes from: the declaration of the operation that made it, with this element's numbers.
     *
     * @param kept what the run kept
     * @param words the meaning in a sentence
     * @param latex the formula
     * @param terms at most the 64 largest by magnitude
     * @param others how many terms are not listed, and {@code rest} their sum
     * @param summed whether the number is the sum of its terms; otherwise it is a function of them
     * @param recomputed the number from its terms
     * @param given whether it is an input or a weight: the path ends here
     * @param stored of a quantised weight the block that it lies in; none or one
     */
    record Derivation(
            String name,
            long[] index,
            double kept,
            String words,
            String latex,
            List<Term> terms,
            int others,
            double rest,
            boolean summed,
            double recomputed,
            double difference,
            boolean given,
            List<Stored> stored) {}

    /**
     * A block of a quantised weight: {@code value = scale * code + offset} for each element.
     *
     * @param byteOffset where the block begins in the file, and {@code bytes} its length there
     * @param position which of the elements is meant
     * @param detail the scale's parts, in words
     */
    record Stored(
            String format,
            String file,
            long byteOffset,
            int bytes,
            long block,
            int position,
            String detail,
            List<Integer> codes,
            List<Float> scales,
            List<Float> offsets,
            List<Float> values) {}

    /** A term of a derivation: a product of factors, or one number. */
    record Term(double value, String label, List<Factor> factors) {}

    /** A factor of a term: an element of a tensor or a weight; {@code openable} if it has a derivation of its own. */
    record Factor(String name, long[] index, double value, boolean openable, boolean weight, String detail) {}

    /**
     * How a text becomes tokens: the stages in order, then the tokens.
     *
     * @param normaliser what normalisation was done, in words
     * @param normalised the text after it
     * @param preTokenizer how the text was cut, in words
     * @param method the kind of model: merges, lattice, longest first
     */
    record Trace(
            String text,
            String normaliser,
            String normalised,
            String preTokenizer,
            String method,
            List<Part> parts,
            List<Piece> tokens) {}

    /**
     * One pre-token.
     *
     * @param text as the model sees it
     * @param method {@code merges}, {@code lattice}, {@code longest} or {@code whole}
     * @param symbols what it begins as, before any merge
     * @param steps what was done in order
     * @param pieces what it became
     */
    record Part(String text, String method, List<String> symbols, List<Step> steps, List<Piece> pieces) {}

    /**
     * One step. A merge: {@code left} and {@code right}, neighbours after {@code from} symbols, become one; {@code value} is its rank. A
     * piece of a lattice: {@code left} lies at {@code from} to {@code to}, {@code value} is its log probability, {@code chosen} whether it is on
     * the best path. A longest piece: {@code left} at {@code from} to {@code to}, {@code value} longer ones were tried.
     */
    record Step(String left, String right, double value, boolean chosen, int from, int to) {}
}
