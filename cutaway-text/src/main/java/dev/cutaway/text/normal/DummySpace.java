package dev.cutaway.text.normal;

/** Puts a space before a text that is not empty; it stands for no byte of it. */
public record DummySpace() implements Normaliser {
    @Override
    public AlignedText apply(AlignedText text) {
        if (text.isEmpty()) {
            return text;
        }
        Rewriter out = new Rewriter(text);
        out.put(' ', text.start()[0], text.start()[0]);
        out.keepTo(text.length());
        return out.done();
    }

    @Override
    public String describe() {
        return "a space before the text";
    }
}
