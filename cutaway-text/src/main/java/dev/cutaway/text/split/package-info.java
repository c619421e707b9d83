/** Cutting text into pre-tokens. */
package dev.cutaway.text.split;
