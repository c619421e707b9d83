package dev.cutaway.graph.look;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.Optional;

/** What an evaluation starts from: the step's inputs, the weights, and whatever was recorded. */
@SuppressWarnings("exports") // kernels are for the modules of the engine only
public interface Given {
    /** The numbers of an input, a weight, or a value that was recorded; empty if it has to be computed. */
    Optional<Tensor> value(Value v);

    /** The weight as the plan keeps it, packed for products; empty if it is not packed. */
    default Optional<PackedMatrix> packed(Parameter p) {
        return Optional.empty();
    }

    /** Where a weight's element lies in the checkpoint. */
    Place place(Parameter p, long[] index);

    /**
     * A weight's element in the checkpoint.
     *
     * @param name the tensor's name there
     * @param index its index there (which differs from the graph's where a fused matrix is cut or a transposed one turned)
     * @param detail file offset, block, codes and scale, in a line for people
     */
    record Place(String name, long[] index, String detail) {}
}
