/** What is learnt from: prepared batches, texts, conversations, sentences, pairs, labelled texts and images, as the examples of each step. */
package dev.cutaway.train.data;
