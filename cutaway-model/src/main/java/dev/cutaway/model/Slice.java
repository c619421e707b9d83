package dev.cutaway.model;

import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A part of a named tensor in NumPy's notation: {@code blocks.7.attn.hook_z[:,:,3]}. {@code :} is all, {@code 2:5} a range,
 * negative numbers count from the end, missing trailing axes are whole.
 *
 * @param name the tensor
 * @param parts one per axis given, the batch axis first
 */
public record Slice(String name, List<Part> parts) {
    private static final Pattern FORM = Pattern.compile("([^\\[\\]]+)(?:\\[([^\\[\\]]*)])?");
    private static final Pattern PART = Pattern.compile("(-?\\d{1,9})?(:)?(-?\\d{1,9})?");

    /** Elements {@code from} to {@code to} of an axis; negative values count from the end, {@code Long.MAX_VALUE} is the end. */
    public record Part(long from, long to) {
        long first(long size) {
            return from < 0 ? from + size : from;
        }

        long end(long size) {
            return to == Long.MAX_VALUE ? size : to < 0 ? to + size : to;
        }
    }

    public Slice {
        parts = List.copyOf(parts);
    }

    /** Reads {@code NAME[...]}. */
    public static Slice parse(String text) {
        Matcher m = FORM.matcher(text.strip());
        if (!m.matches()) {
            throw new UsageException("'" + text + "' is not of the form NAME or NAME[0,:,3]");
        }
        List<Part> parts = new ArrayList<>();
        if (m.group(2) != null && !m.group(2).isBlank()) {
            for (String p : m.group(2).split(",", -1)) {
                parts.add(part(text, p.strip()));
            }
        }
        return new Slice(m.group(1), parts);
    }

    private static Part part(String text, String p) {
        Matcher m = PART.matcher(p);
        if (p.isEmpty() || !m.matches() || (m.group(2) == null && m.group(1) == null)) {
            throw new UsageException(
                    "'" + p + "' in '" + text + "' is no index; use a number, : or a range such as 2:5");
        }
        if (m.group(2) == null) {
            long i = Long.parseLong(m.group(1));
            return new Part(i, i == -1 ? Long.MAX_VALUE : i + 1);
        }
        long from = m.group(1) == null ? 0 : Long.parseLong(m.group(1));
        long to = m.group(3) == null ? Long.MAX_VALUE : Long.parseLong(m.group(3));
        return new Part(from, to);
    }

    /** The single element that this names; an error if it is more than one. */
    public long[] element(List<Long> sizes) {
        if (parts.size() != sizes.size()) {
            throw new UsageException(
                    "'" + this + "' names " + parts.size() + " indices; the tensor has the axes " + sizes);
        }
        long[] at = new long[sizes.size()];
        for (int i = 0; i < at.length; i++) {
            at[i] = parts.get(i).first(sizes.get(i));
            if (parts.get(i).end(sizes.get(i)) != at[i] + 1 || at[i] < 0 || at[i] >= sizes.get(i)) {
                throw new UsageException("'" + this + "': index " + i + " is not one of 0 to " + (sizes.get(i) - 1));
            }
        }
        return at;
    }

    /**
     * Checks against a shape with its batch axis.
     *
     * @throws UsageException if an index is outside
     */
    void check(long[] shape) {
        if (parts.size() > shape.length) {
            throw new UsageException("'" + this + "' has more indices than the tensor has axes (" + shape.length + ")");
        }
        for (int i = 0; i < parts.size(); i++) {
            long from = parts.get(i).first(shape[i]);
            long to = parts.get(i).end(shape[i]);
            if (from < 0 || to > shape[i] || from >= to) {
                throw new UsageException("'" + this + "': index " + i + " is outside 0 to " + (shape[i] - 1));
            }
        }
    }

    /** Whether an element (flat, of this shape) is in the part. */
    boolean contains(long flat, long[] shape) {
        long rest = flat;
        for (int i = shape.length - 1; i >= 0; i--) {
            long at = rest % shape[i];
            rest /= shape[i];
            if (i < parts.size()
                    && (at < parts.get(i).first(shape[i]) || at >= parts.get(i).end(shape[i]))) {
                return false;
            }
        }
        return true;
    }

    /** A copy with the part set to zero. The shape has its batch axis. */
    Tensor zeroed(Tensor t, long[] shape) {
        check(shape);
        float[] x = t.toFloats();
        for (int i = 0; i < x.length; i++) {
            if (contains(i, shape)) {
                x[i] = 0;
            }
        }
        return Tensor.of(x, t.shape());
    }

    /** A copy with the part set to its mean over an axis (positions). The shape has its batch axis. */
    Tensor averaged(Tensor t, long[] shape, int axis) {
        check(shape);
        float[] x = t.toFloats();
        int inner = 1;
        for (int i = axis + 1; i < shape.length; i++) {
            inner *= (int) shape[i];
        }
        int n = (int) shape[axis];
        for (int outer = 0; outer < x.length; outer += n * inner) {
            for (int k = 0; k < inner; k++) {
                double sum = 0;
                for (int p = 0; p < n; p++) {
                    sum += t.get(outer + (long) p * inner + k);
                }
                for (int p = 0; p < n; p++) {
                    int at = outer + p * inner + k;
                    x[at] = contains(at, shape) ? (float) (sum / n) : x[at];
                }
            }
        }
        return Tensor.of(x, t.shape());
    }

    @Override
    public String toString() {
        StringBuilder b = new StringBuilder(name);
        for (int i = 0; i < parts.size(); i++) {
            Part p = parts.get(i);
            b.append(i == 0 ? "[" : ",");
            if (p.to == p.from + 1 || (p.from == -1 && p.to == Long.MAX_VALUE)) {
                b.append(p.from);
            } else {
                b.append(p.from == 0 ? "" : p.from).append(":").append(p.to == Long.MAX_VALUE ? "" : p.to);
            }
        }
        return parts.isEmpty() ? name : b.append("]").toString();
    }
}
