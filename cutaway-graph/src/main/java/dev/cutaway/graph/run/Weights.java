package dev.cutaway.graph.run;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.Optional;

/** The numbers of a model's parameters. */
@SuppressWarnings("exports") // kernels are for the modules of the engine only
public interface Weights {
    /** The parameter as the checkpoint keeps it, any dtype, in the shape that the graph declares. */
    Tensor tensor(Parameter p);

    /** The parameter widened to float32; kept, so ask for vectors only. */
    Tensor vector(Parameter p);

    /** The matrix packed for products, with the bias that they add; made on first use and kept. */
    PackedMatrix packed(Parameter p, Optional<Parameter> bias);

    /** Whether the matrix is kept packed because a plan multiplies by it, so that its rows can be read there too. */
    boolean isPacked(Parameter p);
}
