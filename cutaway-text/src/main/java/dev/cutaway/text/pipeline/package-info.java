/** The parts of a tokenizer put together. */
package dev.cutaway.text.pipeline;
