package dev.cutaway.tensor.machine;

import java.util.ArrayList;
import java.util.List;

/** A place in code that is known later: jumps and constants refer to it before it is set. */
public final class Label {
    static final int UNSET = -1;

    int at = UNSET;
    final List<Integer> references = new ArrayList<>();

    /** A label that is not set yet. */
    public Label() {}
}
