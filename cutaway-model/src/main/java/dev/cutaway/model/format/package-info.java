/** Checkpoint files: safetensors and GGUF, mapped, checked, read and written. */
package dev.cutaway.model.format;
