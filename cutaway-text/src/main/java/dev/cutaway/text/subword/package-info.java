/** Models that turn a pre-token into tokens. */
package dev.cutaway.text.subword;
