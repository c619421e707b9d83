/** Pictures for vision models: PNG and JPEG, checked before they are decoded, and prepared as Hugging Face's processors do. */
package dev.cutaway.model.image;
