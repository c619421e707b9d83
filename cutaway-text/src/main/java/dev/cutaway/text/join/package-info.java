/** What happens after the model: special tokens around a text, and pieces back to text. */
package dev.cutaway.text.join;
