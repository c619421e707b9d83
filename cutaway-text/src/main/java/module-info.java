import org.jspecify.annotations.NullMarked;

/** Tokenizers and chat templates. */
@NullMarked
module dev.cutaway.text {
    requires static org.jspecify;
    requires transitive dev.cutaway.tensor;
    requires com.fasterxml.jackson.databind;

    exports dev.cutaway.text;
    exports dev.cutaway.text.template;
    exports dev.cutaway.text.trace;
    exports dev.cutaway.text.train;
}
