/** Tokenizers trained from text. */
package dev.cutaway.text.train;
