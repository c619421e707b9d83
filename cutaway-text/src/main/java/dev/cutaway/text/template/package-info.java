/** Chat templates: an interpreter of the part of Jinja that they use, with limits and no way to Java. */
package dev.cutaway.text.template;
