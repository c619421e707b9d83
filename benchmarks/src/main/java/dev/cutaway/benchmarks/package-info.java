/** Measurements of kernels and plans as ratios to what the machine gave in the same run. */
package dev.cutaway.benchmarks;
