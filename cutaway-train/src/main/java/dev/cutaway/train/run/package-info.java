/** Training runs: recipes, the loop, checkpoints, logs, and what a run leaves behind. */
@org.jspecify.annotations.NullMarked
package dev.cutaway.train.run;
