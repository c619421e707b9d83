/** Low-rank adapters: in a graph, in PEFT's files, merged into weights. */
@NullMarked
package dev.cutaway.model.lora;

import org.jspecify.annotations.NullMarked;
