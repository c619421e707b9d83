/** Evaluation of any value on demand, and where each number comes from. */
@NullMarked
package dev.cutaway.graph.look;

import org.jspecify.annotations.NullMarked;
