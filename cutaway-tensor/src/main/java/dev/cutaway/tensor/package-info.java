/** Tensors, number formats and kernels. */
package dev.cutaway.tensor;
