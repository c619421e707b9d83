package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;

/** Inputs of a model from text: encoded as {@code run --raw} does, special tokens inside the text recognised. */
record TextInputs(Model model, EncodeOptions options) {
    Sample text(String text) {
        requireText("--text");
        Encoding e = model.tokenizer().encode(text, options);
        return encoded(e);
    }

    Sample textPair(String text, String pair) {
        requireText("a pair of texts");
        return encoded(model.tokenizer().encode(text, pair, options));
    }

    private Sample encoded(Encoding e) {
        return model.family() == Family.ENCODER_DECODER
                ? Sample.pair(e.ids(), new int[] {InputFile.startToken(model)})
                : Sample.text(e.ids(), model.family() == Family.ENCODER ? e.types() : new int[0]);
    }

    Sample tokens(int[] ids) {
        requireText("--tokens");
        return model.family() == Family.ENCODER_DECODER
                ? Sample.pair(ids, new int[] {InputFile.startToken(model)})
                : Sample.text(ids, new int[0]);
    }

    /** A source, and a target behind the token that decoders begin with. */
    Sample pair(String source, String target) {
        if (model.family() != Family.ENCODER_DECODER) {
            throw new UsageException("--source: " + model + " has no encoder for a source; use --text");
        }
        int[] from = model.tokenizer().ids(source, options);
        int[] to = model.tokenizer().ids(target, new EncodeOptions(false, options.parseSpecial()));
        int[] ids = new int[to.length + 1];
        ids[0] = InputFile.startToken(model);
        System.arraycopy(to, 0, ids, 1, to.length);
        return Sample.pair(from, ids);
    }

    private void requireText(String what) {
        if (model.family() == Family.VISION) {
            throw new UsageException(what + ": " + model + " reads images; use --image FILE");
        }
    }
}
