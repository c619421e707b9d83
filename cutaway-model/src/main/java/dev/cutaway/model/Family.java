package dev.cutaway.model;

/** What kind of Transformer a model is, and so what it is for. */
public enum Family {
    /** Predicts the next token: GPT, Llama. */
    DECODER,
    /** Reads a whole text: BERT. */
    ENCODER,
    /** Reads one text and writes another: T5. */
    ENCODER_DECODER,
    /** Reads an image: ViT. */
    VISION
}
