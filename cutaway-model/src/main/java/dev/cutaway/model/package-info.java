/** Checkpoints, architectures, generation, recordings. */
package dev.cutaway.model;
