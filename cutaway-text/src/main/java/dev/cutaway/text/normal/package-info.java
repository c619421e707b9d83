/** Normalisation of text with alignment to the original bytes. */
package dev.cutaway.text.normal;
