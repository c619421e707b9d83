package dev.cutaway.model.sample;

import java.util.List;

/**
 * What the next token is drawn from, after all stages.
 *
 * @param ids the tokens left, the most probable first, the lower id first among equals
 * @param probabilities theirs, adding up to 1
 * @param cuts what each stage left, in order
 */
public record Distribution(int[] ids, float[] probabilities, List<Cut> cuts) {}
