/** Readers of tokenizer files: each makes a pipeline, checking every field on the way. */
package dev.cutaway.text.load;
