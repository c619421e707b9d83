package dev.cutaway.text.split;

/**
 * What becomes of a delimiter when a text is split at it. On {@code the-final--countdown} split at {@code -}:
 *
 * <ul>
 *   <li>removed: {@code the}, {@code final}, {@code countdown}
 *   <li>isolated: {@code the}, {@code -}, {@code final}, {@code -}, {@code -}, {@code countdown}
 *   <li>merged with previous: {@code the-}, {@code final-}, {@code -}, {@code countdown}
 *   <li>merged with next: {@code the}, {@code -final}, {@code -}, {@code -countdown}
 *   <li>contiguous: {@code the}, {@code -}, {@code final}, {@code --}, {@code countdown}
 * </ul>
 */
public enum Behaviour {
    REMOVED,
    ISOLATED,
    MERGED_WITH_PREVIOUS,
    MERGED_WITH_NEXT,
    CONTIGUOUS
}
