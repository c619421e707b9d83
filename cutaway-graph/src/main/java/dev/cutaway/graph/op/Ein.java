package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A dense product of two tensors in Einstein's notation: {@code "ri,oi->ro"} is {@code y = x W^T}. Letters that are missing
 * from the output are summed over. Every matrix product of a Transformer is one of these.
 *
 * @param spec letters of the first input, of the second, and of the output
 * @param words what one term of the sum is called ({@code coordinate}, {@code key}), for derivations
 * @param product what is multiplied, in words ({@code query times key})
 * @param latex the formula
 */
public record Ein(String spec, String words, String product, String latex) implements Primitive {
    public Ein {
        if (!spec.matches("[a-z]+,[a-z]+->[a-z]+")) {
            throw new IllegalArgumentException("product '" + spec + "' is not of the form ab,bc->ac");
        }
    }

    /** {@code y[r, o] = sum over i of x[r, i] w[o, i]}: rows times a weight. */
    public static Ein linear() {
        return new Ein("ri,oi->ro", "coordinate", "input times weight", "\\sum_{i} x_{i}\\,W_{i}");
    }

    /** Whether this is rows times a weight, which has fast kernels. */
    public boolean isLinear() {
        return spec.equals("ri,oi->ro");
    }

    String a() {
        return spec.substring(0, spec.indexOf(','));
    }

    String b() {
        return spec.substring(spec.indexOf(',') + 1, spec.indexOf('-'));
    }

    String c() {
        return spec.substring(spec.indexOf('>') + 1);
    }

    @Override
    public List<Type> types(List<Type> in) {
        Map<Character, Dim> dims = new LinkedHashMap<>();
        collect(a(), in.get(0), dims);
        collect(b(), in.get(1), dims);
        List<Dim> out = new ArrayList<>();
        for (char l : c().toCharArray()) {
            out.add(get(dims, l));
        }
        return List.of(Type.real(out));
    }

    private static void collect(String letters, Type t, Map<Character, Dim> dims) {
        if (letters.length() != t.rank()) {
            throw new IllegalArgumentException("'" + letters + "' names " + letters.length() + " axes of " + t);
        }
        for (int i = 0; i < letters.length(); i++) {
            Dim old = dims.putIfAbsent(letters.charAt(i), t.dim(i));
            if (old != null && !old.same(t.dim(i))) {
                throw new IllegalArgumentException("axis '" + letters.charAt(i) + "' is " + old + " in one input and "
                        + t.dim(i) + " in the other");
            }
        }
    }

    private Map<Character, Integer> sizes(long[] x, long[] y) {
        Map<Character, Integer> s = new LinkedHashMap<>();
        for (int i = 0; i < x.length; i++) {
            s.put(a().charAt(i), (int) x[i]);
        }
        for (int i = 0; i < y.length; i++) {
            s.put(b().charAt(i), (int) y[i]);
        }
        return s;
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor x = in.get(0);
        Tensor y = in.get(1);
        Map<Character, Integer> size = sizes(x.shape(), y.shape());
        Roles r = roles();
        float[] p = gather(x, a(), r.batch + r.left + r.sum, size);
        float[] q = gather(y, b(), r.batch + r.sum + r.right, size);
        int batch = product(r.batch, size);
        int m = product(r.left, size);
        int n = product(r.right, size);
        int k = product(r.sum, size);
        float[] out = new float[Math.multiplyExact(batch, Math.multiplyExact(m, n))];
        for (int i = 0; i < batch; i++) {
            Dense.gemm(p, i * m * k, q, i * k * n, out, i * m * n, m, n, k);
        }
        String order = r.batch + r.left + r.right;
        long[] shape = new long[order.length()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = get(size, order.charAt(i));
        }
        int[] axes = new int[order.length()];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = order.indexOf(c().charAt(i));
        }
        return List.of(Dense.permute(Tensor.of(out, shape), axes));
    }

    private record Roles(String batch, String left, String right, String sum) {}

    private Roles roles() {
        StringBuilder batch = new StringBuilder();
        StringBuilder left = new StringBuilder();
        StringBuilder right = new StringBuilder();
        StringBuilder sum = new StringBuilder();
        for (char l : a().toCharArray()) {
            boolean inB = b().indexOf(l) >= 0;
            boolean inC = c().indexOf(l) >= 0;
            (inB && inC ? batch : inB ? sum : left).append(l);
        }
        for (char l : b().toCharArray()) {
            if (a().indexOf(l) < 0) {
                right.append(l);
            }
        }
        return new Roles(batch.toString(), left.toString(), right.toString(), sum.toString());
    }

    private static <T> T get(Map<Character, T> map, char letter) {
        return Objects.requireNonNull(map.get(letter));
    }

    private static int product(String letters, Map<Character, Integer> size) {
        int n = 1;
        for (int i = 0; i < letters.length(); i++) {
            n = Math.multiplyExact(n, get(size, letters.charAt(i)));
        }
        return n;
    }

    private static float[] gather(Tensor t, String has, String wanted, Map<Character, Integer> size) {
        float[] data = t.toFloats();
        if (has.equals(wanted)) {
            return data;
        }
        long[] shape = new long[wanted.length()];
        int[] stride = new int[wanted.length()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = get(size, wanted.charAt(i));
            int s = 1;
            for (int d = has.indexOf(wanted.charAt(i)) + 1; d < has.length(); d++) {
                s *= get(size, has.charAt(d));
            }
            stride[i] = s;
        }
        return Dense.gather(data, shape, stride);
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        Map<Character, Integer> size = sizes(in.get(0).shape(), in.get(1).shape());
        Map<Character, Long> at = new LinkedHashMap<>();
        for (int i = 0; i < index.length; i++) {
            at.put(c().charAt(i), index[i]);
        }
        String sum = roles().sum;
        int n = product(sum, size);
        List<Derivation.Term> terms = new ArrayList<>(n);
        for (int t = 0; t < n; t++) {
            int rest = t;
            for (int i = sum.length() - 1; i >= 0; i--) {
                int s = get(size, sum.charAt(i));
                at.put(sum.charAt(i), (long) (rest % s));
                rest /= s;
            }
            terms.add(new Derivation.Term(
                    words + " " + t,
                    1,
                    List.of(new Derivation.Element(0, pick(a(), at)), new Derivation.Element(1, pick(b(), at)))));
        }
        return Derivation.sum("the sum over each " + words + " of " + product, latex, terms);
    }

    private static long[] pick(String letters, Map<Character, Long> at) {
        long[] index = new long[letters.length()];
        for (int i = 0; i < index.length; i++) {
            index[i] = get(at, letters.charAt(i));
        }
        return index;
    }

    @Override
    public long macs(List<Type> in, Binding binding) {
        Map<Character, Integer> size = sizes(in.get(0).shape(binding), in.get(1).shape(binding));
        long n = 1;
        for (int s : size.values()) {
            n = Math.multiplyExact(n, s);
        }
        return n;
    }

    @Override
    public GradientRule gradient() {
        return (g, n, dys) -> {
            Value dy = dys.getFirst();
            Value dx = g.add(back(c() + "," + b() + "->" + a(), "second factor"), dy, n.in().get(1));
            Value other = g.add(back(c() + "," + a() + "->" + b(), "first factor"), dy, n.in().get(0));
            return List.of(Optional.of(dx), Optional.of(other));
        };
    }

    private static Ein back(String spec, String factor) {
        return new Ein(spec, "term", "gradient times the " + factor, "\\sum_{i} g_{i}\\,x_{i}");
    }
}
