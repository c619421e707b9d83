import org.jspecify.annotations.NullMarked;

/** Tensors, number formats and kernels. */
@NullMarked
module dev.cutaway.tensor {
    requires static org.jspecify;
    requires jdk.incubator.vector;

    exports dev.cutaway.tensor;
}
