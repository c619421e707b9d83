/**
 * Forward and backward of whole batches as planned steps: what training runs. Read by nobody else; looking at gradients evaluates the same
 * graph by definition.
 */
package dev.cutaway.graph.learn;
