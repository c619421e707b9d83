/**
 * The arithmetic that plans run: matrix products over packed weights, row-wise functions and attention. Everything takes
 * addresses as (segment, index of a float), works on 32-bit floats in native memory and allocates nothing.
 */
@NullMarked
package dev.cutaway.tensor.kernel;

import org.jspecify.annotations.NullMarked;
