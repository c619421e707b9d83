/** Operations: forward, derivation and expansion side by side, one file each. */
@NullMarked
package dev.cutaway.graph.op;

import org.jspecify.annotations.NullMarked;
