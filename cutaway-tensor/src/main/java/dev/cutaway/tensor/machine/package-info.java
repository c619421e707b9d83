/**
 * Machine code made at run time: a small assembler for the x86-64 instructions that kernels need, memory to execute it
 * from, and what the processor can do. Nothing here knows of matrices.
 */
@NullMarked
package dev.cutaway.tensor.machine;

import org.jspecify.annotations.NullMarked;
