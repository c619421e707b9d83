package dev.cutaway.graph.look;

import java.util.List;

/**
 * Where one number comes from, with its numbers: made from the graph's own declarations ({@link dev.cutaway.graph.Derivation}).
 *
 * @param name the tensor ({@code %12} if it has no public name)
 * @param index the element; with a leading batch axis for named tensors
 * @param kept what the run computed
 * @param words the formula in words
 * @param latex the formula in LaTeX
 * @param sum whether the number is the sum of its terms; otherwise a function of them
 * @param terms what it is made of, largest magnitude first
 * @param recomputed the number from its terms, in double precision; the kept one where it is given
 */
public record Explanation(
        String name,
        List<Long> index,
        float kept,
        String words,
        String latex,
        boolean sum,
        List<Term> terms,
        double recomputed) {
    public Explanation {
        index = List.copyOf(index);
        terms = List.copyOf(terms);
    }

    /** How far the recomputed number is from the kept one. */
    public double difference() {
        return Math.abs(kept - recomputed);
    }

    /** The number is given: an input or a weight. The path ends here. */
    public boolean given() {
        return terms.isEmpty();
    }

    /**
     * One term: a product of factors and a constant.
     *
     * @param label which of its like it is: {@code key 3}, {@code coordinate 17}, {@code head 2}
     * @param value the product
     * @param constant a constant factor; usually 1
     * @param factors numbers of other tensors; none for a constant
     */
    public record Term(String label, double value, double constant, List<Factor> factors) {
        public Term {
            factors = List.copyOf(factors);
        }
    }

    /**
     * A number of another tensor.
     *
     * @param name its tensor: a probe name, a weight's name in the checkpoint, or {@code %12} for an inner value
     * @param index the element, as {@link Explanation#index}
     * @param value the number
     * @param weight whether it is a weight
     * @param detail of a weight: where it lies in the file and how it is stored; else what made it
     */
    public record Factor(String name, List<Long> index, float value, boolean weight, String detail) {
        public Factor {
            index = List.copyOf(index);
        }
    }
}
