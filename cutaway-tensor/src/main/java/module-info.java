import org.jspecify.annotations.NullMarked;

/** Tensors, number formats and kernels. */
@NullMarked
@SuppressWarnings("module") // the modules that kernels are exported to are compiled after this one
module dev.cutaway.tensor {
    requires static org.jspecify;
    requires jdk.incubator.vector;

    exports dev.cutaway.tensor;
    exports dev.cutaway.tensor.kernel to
            dev.cutaway.graph,
            dev.cutaway.model,
            dev.cutaway.train,
            dev.cutaway.cli;
}
