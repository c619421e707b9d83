/** Tokenizers and chat templates. */
package dev.cutaway.text;
