/** Architectures, one short file each, and the parts that they are assembled from. */
@NullMarked
package dev.cutaway.model.arch;

import org.jspecify.annotations.NullMarked;
