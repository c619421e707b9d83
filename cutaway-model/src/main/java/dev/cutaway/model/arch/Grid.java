package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Pick;
import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.Reshape;
import java.util.List;

/**
 * Rows of an image that lie in a grid, from the top left, row by row. The first grid's are the rows of the step; those of later
 * stages are fewer, and as many for each image.
 *
 * @param rows the axis of the rows
 */
record Grid(Dim rows, int height, int width) {
    /** The patches of an image. */
    static Grid of(ImageSizes image) {
        return new Grid(Dim.of(Space.ROWS), image.rows(), image.columns());
    }

    /** A later grid. */
    static Grid later(int height, int width) {
        return new Grid(Dim.of(new Space("position", height * width)), height, width);
    }

    int size() {
        return height * width;
    }

    /** The grid whose places are squares of this one. */
    Grid squares(Picking.Squares squares) {
        return later(squares.along(height), squares.along(width));
    }

    /** Each square's rows: {@code [square, size * size, width]}. */
    Value gathered(Parts p, Picking.Squares squares, Value x) {
        Dim to = squares(squares).rows();
        Dim place = Dim.of("place", squares.size() * squares.size());
        return p.apply(new Pick(squares, List.of(rows), List.of(to, place)), x);
    }

    /** Rows in a larger grid, at its top left; the rest is 0. */
    Value padded(Parts p, Grid larger, Value x) {
        Picking padding = new Picking.Padded(height, width, larger.height, larger.width);
        return larger.equals(this) ? x : p.apply(new Pick(padding, List.of(rows), List.of(larger.rows)), x);
    }

    /** {@code [row, a, b]} to {@code [row, a * b]}. */
    static Value joined(Parts p, Value x) {
        int n = x.type().size(1) * x.type().size(2);
        return p.apply(Reshape.to(x.type().dim(0), Dim.of("width", n)), x);
    }
}
