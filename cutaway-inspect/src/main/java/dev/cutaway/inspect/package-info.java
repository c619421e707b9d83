/**
 * The inspector: {@link dev.cutaway.inspect.InspectorServer} serves one page to this machine's browser, and the page draws
 * what the engine keeps. The page's sources are in {@code src/main/web}.
 */
package dev.cutaway.inspect;
