/** The cutaway command. */
package dev.cutaway.cli;
