import org.jspecify.annotations.NullMarked;

/** The graph that describes a model, and what reads it. */
@NullMarked
module dev.cutaway.graph {
    requires static org.jspecify;
    requires transitive dev.cutaway.tensor;
}
