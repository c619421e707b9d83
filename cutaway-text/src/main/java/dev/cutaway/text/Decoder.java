package dev.cutaway.text;

import dev.cutaway.text.join.PieceDecoder;

/**
 * Turns a stream of tokens into text as they come. Text comes out as soon as it is certain and never half a character: the
 * bytes of an unfinished one wait for the next token. All that {@link #add} and {@link #finish} return, joined, equals
 * {@link Tokenizer#decode}. For one stream and one thread.
 */
public final class Decoder {
    private final Tokenizer tokenizer;
    private final boolean skipSpecial;
    private final StringBuilder ready = new StringBuilder();
    private final PieceDecoder.Flow flow;

    Decoder(Tokenizer tokenizer, PieceDecoder decoder, boolean skipSpecial) {
        this.tokenizer = tokenizer;
        this.skipSpecial = skipSpecial;
        this.flow = decoder.start(ready::append);
    }

    /** The text that this token makes certain, often empty or more than its own. */
    public String add(int id) {
        if (!(skipSpecial && tokenizer.isSpecial(id))) {
            tokenizer.pieceForDecoding(id).ifPresent(flow::accept);
        }
        return take();
    }

    /** The rest, after the last token. */
    public String finish() {
        flow.finish();
        return take();
    }

    private String take() {
        String text = ready.toString();
        ready.setLength(0);
        return text;
    }
}
