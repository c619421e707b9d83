/** The graph that describes a model, and what reads it. */
package dev.cutaway.graph;
