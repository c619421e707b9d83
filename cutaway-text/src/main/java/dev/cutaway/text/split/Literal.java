package dev.cutaway.text.split;

/**
 * Matches a text itself.
 *
 * @param describe the text, which is not empty
 */
record Literal(String describe) implements Matcher {
    @Override
    public void find(String text, int from, int to, Matches out) {
        int n = describe.length();
        for (int at = text.indexOf(describe, from, to); at >= 0; at = text.indexOf(describe, at + n, to)) {
            out.match(at, at + n);
        }
    }
}
