package dev.cutaway.cli;

import dev.cutaway.graph.Gradients;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/** Puts the tensors of a batch's rows, which ran without padding, together as one tensor with padding; and takes them apart. */
final class BatchRows {
    private final List<Sample> samples;

    BatchRows(List<Sample> samples) {
        this.samples = samples;
    }

    /** Whether the batch is one row without padding. */
    boolean plain() {
        Sample s = samples.getFirst();
        return samples.size() == 1 && s.rows().length == s.length() && s.sourceRows().length == s.sourceLength();
    }

    /** Which positions an axis counts. */
    private enum Axis {
        SOURCE,
        TEXT,
        NONE
    }

    private static Axis axis(TensorInfo info, int axis) {
        boolean encoder = info.name().startsWith("encoder.") || info.name().startsWith(Gradients.PREFIX + "encoder.");
        return switch (info.dims().get(axis)) {
            case "source" -> Axis.SOURCE;
            case "position" -> Axis.TEXT;
            case "query" -> encoder ? Axis.SOURCE : Axis.TEXT;
            case "key" -> encoder || info.name().contains("cross_attn") ? Axis.SOURCE : Axis.TEXT;
            default -> Axis.NONE;
        };
    }

    /** Where the elements of an axis stood in the batch; empty if the axis is not one of positions. */
    private static int[] rows(TensorInfo info, int axis, Sample s) {
        return switch (s.pixels().isEmpty() ? axis(info, axis) : Axis.NONE) {
            case SOURCE -> s.sourceRows();
            case TEXT -> s.rows();
            case NONE -> new int[0];
        };
    }

    /** An axis's size in the batch. */
    long size(TensorInfo info, int axis) {
        Sample s = samples.getFirst();
        if (axis == 0) {
            return samples.size();
        }
        return switch (s.pixels().isEmpty() ? axis(info, axis) : Axis.NONE) {
            case SOURCE -> s.sourceLength();
            case TEXT -> s.length();
            case NONE -> info.sizes().get(axis);
        };
    }

    /** How far index 0 of row {@code b}'s axis lies from index 0 of the batch's. */
    int shift(TensorInfo info, int axis, int b) {
        if (axis == 0) {
            return b;
        }
        int[] rows = rows(info, axis, samples.get(b));
        return rows.length == 0 ? 0 : rows[0];
    }

    private long[] shape(TensorInfo info) {
        long[] shape = new long[info.sizes().size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = size(info, i);
        }
        return shape;
    }

    /** All rows' tensors as one, zero where there was padding. */
    Tensor join(TensorInfo info, List<Tensor> parts) {
        boolean ids = info.name().equals("tokens");
        if (plain() && !ids) {
            return parts.getFirst();
        }
        Tensor all = Tensor.zeros(ids ? DType.I64 : DType.F32, shape(info));
        for (int b = 0; b < parts.size(); b++) {
            Tensor part = parts.get(b);
            walk(info, part, all.shape(), b, (own, whole) -> {
                if (ids) {
                    all.data().setAtIndex(java.lang.foreign.ValueLayout.JAVA_LONG, whole, part.getLong(own));
                } else {
                    all.set(whole, part.get(own));
                }
            });
        }
        return all;
    }

    /** Row {@code b} of a tensor in the batch's shape; the tensor itself if its shape is another. */
    Tensor part(TensorInfo info, Tensor whole, int b) {
        if (plain() || !java.util.Arrays.equals(whole.shape(), shape(info))) {
            return whole;
        }
        Tensor own =
                Tensor.zeros(info.sizes().stream().mapToLong(Long::longValue).toArray());
        walk(info, own, whole.shape(), b, (i, j) -> own.set(i, whole.get(j)));
        return own;
    }

    /** Two places of the same element: in the row's tensor and in the batch's. */
    private interface Places {
        void at(long own, long whole);
    }

    private void walk(TensorInfo info, Tensor part, long[] shape, int b, Places places) {
        int rank = shape.length;
        int[][] rows = new int[rank][];
        for (int a = 0; a < rank; a++) {
            rows[a] = a == 0 ? new int[] {b} : rows(info, a, samples.get(b));
        }
        long[] own = part.shape();
        long[] at = new long[rank];
        for (long i = 0; i < part.size(); i++) {
            long flat = 0;
            for (int a = 0; a < rank; a++) {
                flat = flat * shape[a] + (rows[a].length == 0 ? at[a] : rows[a][(int) at[a]]);
            }
            places.at(i, flat);
            for (int a = rank - 1; a >= 0 && ++at[a] == own[a]; a--) {
                at[a] = 0;
            }
        }
    }
}
