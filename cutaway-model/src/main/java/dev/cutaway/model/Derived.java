package dev.cutaway.model;

import dev.cutaway.graph.look.Explanation;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Quantities that pictures show and that are no step of the model. */
final class Derived {
    private final Look look;

    Derived(Look look) {
        this.look = look;
    }

    List<TensorInfo> list() {
        return List.of();
    }

    boolean has(String name) {
        return false;
    }

    Tensor value(String name, int from, int to, BooleanSupplier cancelled) {
        throw new UsageException("no tensor '" + name + "' of " + look);
    }

    Explanation explain(String name, long[] index) {
        throw new UsageException("no tensor '" + name + "' of " + look);
    }
}
