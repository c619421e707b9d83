package dev.cutaway.graph.op;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.DoubleBinaryOperator;

/** Plain dense arithmetic on float32 tensors, the reference that kernels are held to. */
final class Dense {
    private Dense() {}

    @FunctionalInterface
    interface FloatMap {
        float of(float x);
    }

    @FunctionalInterface
    interface FloatZip {
        float of(float a, float b);
    }

    static Tensor map(Tensor x, FloatMap f) {
        float[] a = x.toFloats();
        for (int i = 0; i < a.length; i++) {
            a[i] = f.of(a[i]);
        }
        return Tensor.of(a, x.shape());
    }

    /** Elementwise with NumPy's broadcasting: shapes aligned at the end, 1 stretches. */
    static Tensor zip(Tensor x, Tensor y, FloatZip f) {
        long[] xs = x.shape();
        long[] ys = y.shape();
        float[] a = x.toFloats();
        float[] b = y.toFloats();
        if (java.util.Arrays.equals(xs, ys)) {
            for (int i = 0; i < a.length; i++) {
                a[i] = f.of(a[i], b[i]);
            }
            return Tensor.of(a, xs);
        }
        long[] shape = broadcast(xs, ys);
        float[] out = new float[Math.toIntExact(size(shape))];
        int last = shape.length == 0 ? 1 : (int) shape[shape.length - 1];
        int rows = last == 0 ? 0 : out.length / last;
        long[] index = new long[shape.length];
        int stepA = xs.length > 0 && xs[xs.length - 1] != 1 ? 1 : 0;
        int stepB = ys.length > 0 && ys[ys.length - 1] != 1 ? 1 : 0;
        for (int r = 0; r < rows; r++) {
            int p = (int) flat(index, xs);
            int q = (int) flat(index, ys);
            for (int i = 0; i < last; i++) {
                out[r * last + i] = f.of(a[p + i * stepA], b[q + i * stepB]);
            }
            for (int d = shape.length - 2; d >= 0 && ++index[d] == shape[d]; d--) {
                index[d] = 0;
            }
        }
        return Tensor.of(out, shape);
    }

    static long[] broadcast(long[] a, long[] b) {
        int n = Math.max(a.length, b.length);
        long[] s = new long[n];
        for (int i = 1; i <= n; i++) {
            long p = i <= a.length ? a[a.length - i] : 1;
            long q = i <= b.length ? b[b.length - i] : 1;
            if (p != q && p != 1 && q != 1) {
                throw new IllegalArgumentException("shapes " + java.util.Arrays.toString(a) + " and "
                        + java.util.Arrays.toString(b) + " do not fit");
            }
            s[n - i] = p == 1 ? q : p;
        }
        return s;
    }

    /** Flat offset of an index of a broadcast shape in a tensor of this shape. */
    static long flat(long[] index, long[] shape) {
        long f = 0;
        int skip = index.length - shape.length;
        for (int i = 0; i < shape.length; i++) {
            f = f * shape[i] + (shape[i] == 1 ? 0 : index[skip + i]);
        }
        return f;
    }

    /** The part of a broadcast index that addresses a tensor of this shape. */
    static long[] project(long[] index, long[] shape) {
        long[] p = new long[shape.length];
        int skip = index.length - shape.length;
        for (int i = 0; i < shape.length; i++) {
            p[i] = shape[i] == 1 ? 0 : index[skip + i];
        }
        return p;
    }

    static long size(long[] shape) {
        long n = 1;
        for (long d : shape) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    static Tensor permute(Tensor x, int... axes) {
        long[] from = x.shape();
        long[] shape = new long[axes.length];
        int[] stride = new int[axes.length];
        int[] fromStride = new int[axes.length];
        int s = 1;
        for (int i = axes.length - 1; i >= 0; i--) {
            fromStride[i] = s;
            s *= (int) from[i];
        }
        boolean moves = false;
        for (int i = 0; i < axes.length; i++) {
            shape[i] = from[axes[i]];
            stride[i] = fromStride[axes[i]];
            moves |= axes[i] != i;
        }
        if (!moves) {
            return x;
        }
        float[] a = x.toFloats();
        return Tensor.of(gather(a, shape, stride), shape);
    }

    /** Reads a strided view into row-major order. */
    static float[] gather(float[] a, long[] shape, int[] stride) {
        float[] out = new float[Math.toIntExact(size(shape))];
        if (out.length == 0) {
            return out;
        }
        int n = shape.length;
        int last = n == 0 ? 1 : (int) shape[n - 1];
        int step = n == 0 ? 1 : stride[n - 1];
        int[] index = new int[Math.max(1, n)];
        int base = 0;
        for (int o = 0; o < out.length; o += last) {
            for (int i = 0, p = base; i < last; i++, p += step) {
                out[o + i] = a[p];
            }
            for (int d = n - 2; d >= 0; d--) {
                base += stride[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                base -= index[d] * stride[d];
                index[d] = 0;
            }
        }
        return out;
    }

    static Tensor concatRows(Tensor... parts) {
        DType t = parts[0].dtype();
        long rows = 0;
        long bytes = 0;
        for (Tensor p : parts) {
            rows += p.dim(0);
            bytes += p.data().byteSize();
        }
        long[] shape = parts[0].shape().clone();
        shape[0] = rows;
        MemorySegment all = java.lang.foreign.Arena.ofAuto().allocate(Math.max(1, bytes), 64);
        long at = 0;
        for (Tensor p : parts) {
            MemorySegment.copy(p.data(), 0, all, at, p.data().byteSize());
            at += p.data().byteSize();
        }
        return Tensor.of(t, all.asSlice(0, bytes), shape);
    }

    static int[] ints(Tensor t) {
        int[] out = new int[Math.toIntExact(t.size())];
        if (t.dtype() == DType.I32) {
            MemorySegment.copy(t.data(), ValueLayout.JAVA_INT_UNALIGNED, 0, out, 0, out.length);
        } else {
            for (int i = 0; i < out.length; i++) {
                out[i] = t.getInt(i);
            }
        }
        return out;
    }

    /**
     * {@code c[m, n] += sum over k of a[m, k] * b[k, n]}, added in order of k, so that a row's result does not depend on the
     * other rows.
     */
    static void gemm(float[] a, int aAt, float[] b, int bAt, float[] c, int cAt, int m, int n, int k) {
        for (int i = 0; i < m; i++) {
            int row = cAt + i * n;
            for (int p = 0; p < k; p++) {
                float x = a[aAt + i * k + p];
                int q = bAt + p * n;
                for (int j = 0; j < n; j++) {
                    c[row + j] = Math.fma(x, b[q + j], c[row + j]);
                }
            }
        }
    }

    static double reduce(float[] a, int from, int n, double start, DoubleBinaryOperator f) {
        double s = start;
        for (int i = from; i < from + n; i++) {
            s = f.applyAsDouble(s, a[i]);
        }
        return s;
    }
}
