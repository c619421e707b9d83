/** The local server and its browser interface. */
package dev.cutaway.inspect;
