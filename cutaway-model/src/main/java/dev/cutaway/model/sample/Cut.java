package dev.cutaway.model.sample;

/**
 * What one stage left of the candidates.
 *
 * @param stage its name, as the option that switches it on ({@code top-k})
 * @param before candidates before it
 * @param after candidates after it; the same for stages that only change scores
 */
public record Cut(String stage, int before, int after) {
    /** How many candidates the stage removed. */
    public int removed() {
        return before - after;
    }
}
