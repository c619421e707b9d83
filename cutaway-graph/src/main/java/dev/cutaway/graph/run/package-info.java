/** Running graphs: plans, and the threads that carry them out. */
@NullMarked
package dev.cutaway.graph.run;

import org.jspecify.annotations.NullMarked;
