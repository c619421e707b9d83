import org.jspecify.annotations.NullMarked;

/** Objectives, optimisers, schedules, training steps. */
@NullMarked
module dev.cutaway.train {
    requires static org.jspecify;
    requires transitive dev.cutaway.model;
    requires com.fasterxml.jackson.databind;
    requires jdk.management;
    requires org.snakeyaml.engine;

    exports dev.cutaway.train;
    exports dev.cutaway.train.data;
    exports dev.cutaway.train.run;
}
