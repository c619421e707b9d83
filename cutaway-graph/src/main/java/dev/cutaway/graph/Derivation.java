package dev.cutaway.graph;

import java.util.List;

/**
 * Where one number comes from: a sum of products of other numbers, or a function of them. The one declaration behind arrows,
 * hover texts and {@code --explain}.
 *
 * @param words the formula in words
 * @param latex the formula in LaTeX
 * @param kind how the terms combine
 * @param terms what it came from
 * @param how recomputes the number from the values of the terms (double precision)
 */
public record Derivation(String words, String latex, Kind kind, List<Term> terms, Recompute how) {
    /** How terms combine. */
    public enum Kind {
        /** The number is the sum of its terms, each the product of its factors and its constant. */
        SUM,
        /** The number is a function of its terms. */
        FUNCTION,
        /** The number is one number of another tensor, moved. */
        MOVE,
        /** The number is given: an input, a weight, a constant. The path ends here. */
        GIVEN
    }

    /** Recomputes the number from its terms' values. */
    @FunctionalInterface
    public interface Recompute {
        double of(double[] terms);
    }

    /** One element of an input of the node, or, counted behind the inputs, of one of its outputs: {@link Node#source}. */
    public record Element(int input, long[] index) {}

    /** A product of elements and a constant. The label says which one it is among its like ({@code key 3}). */
    public record Term(String label, double constant, List<Element> factors) {
        public Term {
            factors = List.copyOf(factors);
        }

        public static Term of(String label, int input, long... index) {
            return new Term(label, 1, List.of(new Element(input, index)));
        }
    }

    public Derivation {
        terms = List.copyOf(terms);
    }

    public static Derivation sum(String words, String latex, List<Term> terms) {
        return new Derivation(words, latex, Kind.SUM, terms, v -> {
            double s = 0;
            for (double x : v) {
                s += x;
            }
            return s;
        });
    }

    public static Derivation function(String words, String latex, List<Term> terms, Recompute how) {
        return new Derivation(words, latex, Kind.FUNCTION, terms, how);
    }

    public static Derivation move(int input, long... index) {
        return new Derivation("the same number, moved", "x", Kind.MOVE, List.of(Term.of("", input, index)), v -> v[0]);
    }

    public static Derivation given(String words) {
        return new Derivation(words, "\\text{given}", Kind.GIVEN, List.of(), v -> Double.NaN);
    }
}
