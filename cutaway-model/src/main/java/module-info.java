import org.jspecify.annotations.NullMarked;

/** Checkpoints, architectures, generation, recordings. */
@NullMarked
module dev.cutaway.model {
    requires static org.jspecify;
    requires transitive dev.cutaway.graph;
    requires transitive dev.cutaway.text;
    requires com.fasterxml.jackson.databind;
    requires java.desktop;
    requires java.net.http;

    exports dev.cutaway.model.format;
    exports dev.cutaway.model.hub;
    exports dev.cutaway.model.image;
    exports dev.cutaway.model.lora;
    exports dev.cutaway.model.sample;
    exports dev.cutaway.model.arch;
    exports dev.cutaway.model;
}
