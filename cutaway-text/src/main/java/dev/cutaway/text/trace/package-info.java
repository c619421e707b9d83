/** What a tokenizer did, written down for showing. */
package dev.cutaway.text.trace;
