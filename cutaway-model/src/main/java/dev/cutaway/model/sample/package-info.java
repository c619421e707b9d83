/** From logits to the next token: a chain of small stages, each of which says what it removed, and a seeded draw. */
package dev.cutaway.model.sample;
