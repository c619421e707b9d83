package dev.cutaway.inspect;

import dev.cutaway.inspect.InspectedModel.Matrix;
import dev.cutaway.tensor.BadInputException;

/** Pictures of square tensors at a size that can be seen: of the cells that are drawn as one, the largest by magnitude stays. */
final class Small {
    private Small() {}

    /**
     * Pools a tensor {@code [batch, head, query, key]} so that neither queries nor keys are more than {@code most}.
     *
     * @return {@code [batch, head, query / pool, key / pool]}, rounded up
     */
    static Matrix of(Matrix m, int most) {
        long[] shape = m.shape();
        if (shape.length != 4) {
            throw new BadInputException("the page asked for a small picture of a tensor of " + shape.length
                    + " dimensions; only patterns have one; reload it");
        }
        int rows = (int) shape[2];
        int columns = (int) shape[3];
        int pool = Math.max(1, Math.ceilDiv(Math.max(rows, columns), most));
        int r = Math.ceilDiv(rows, pool);
        int c = Math.ceilDiv(columns, pool);
        float[] out = new float[(int) (shape[0] * shape[1]) * r * c];
        for (int i = 0; i < m.values().length; i++) {
            int at = (i / (rows * columns) * r + i / columns % rows / pool) * c + i % columns / pool;
            float v = m.values()[i];
            out[at] = Math.abs(v) > Math.abs(out[at]) ? v : out[at];
        }
        return new Matrix(new long[] {shape[0], shape[1], r, c}, out);
    }
}
