/** Models from the Hugging Face hub, in the cache that its Python library uses too. */
package dev.cutaway.model.hub;
