package dev.cutaway.model;

import java.util.List;

/**
 * A tensor that can be looked at.
 *
 * @param name its probe name
 * @param dims what its axes are ({@code batch}, {@code position}, {@code head} ...)
 * @param sizes their sizes for the tokens at hand
 * @param meaning what it is, in a line
 */
public record TensorInfo(String name, List<String> dims, List<Long> sizes, String meaning) {
    public TensorInfo {
        dims = List.copyOf(dims);
        sizes = List.copyOf(sizes);
    }
}
