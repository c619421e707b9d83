import org.jspecify.annotations.NullMarked;

/** Objectives, optimisers, schedules, training steps. */
@NullMarked
module dev.cutaway.train {
    requires static org.jspecify;
    requires transitive dev.cutaway.model;

    exports dev.cutaway.train;
}
