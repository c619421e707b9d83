import org.jspecify.annotations.NullMarked;

/** The graph that describes a model, and what reads it. */
@NullMarked
module dev.cutaway.graph {
    requires static org.jspecify;
    requires transitive dev.cutaway.tensor;

    exports dev.cutaway.graph;
    exports dev.cutaway.graph.op;
    exports dev.cutaway.graph.learn;
    exports dev.cutaway.graph.look;
    exports dev.cutaway.graph.run;
}
