package dev.cutaway.text.split;

/**
 * Writes a mark for every space, perhaps one at the beginning, and begins a new piece at each mark: SentencePiece's way.
 *
 * @param mark usually U+2581
 * @param prepend when a mark is put before a piece that has none
 * @param split whether to cut at marks
 */
public record Metaspace(char mark, Prepend prepend, boolean split) implements PreTokenizer {
    /** When a mark is put before a piece. */
    public enum Prepend {
        ALWAYS,
        /** Only at the very beginning of the text. */
        FIRST,
        NEVER
    }

    @Override
    public Cut apply(Cut cut) {
        Assembler out = new Assembler(cut);
        String text = cut.text().text();
        for (int i = 0; i < cut.count(); i++) {
            int from = cut.from(i);
            char first = text.charAt(from);
            int start = cut.text().start()[from];
            boolean wanted = prepend == Prepend.ALWAYS || (prepend == Prepend.FIRST && start == 0);
            out.begin();
            if (wanted && first != ' ' && first != mark) {
                out.put(mark, start, cut.text().end()[from]);
            }
            for (int at = from; at < cut.to(i); at++) {
                char c = text.charAt(at);
                out.put(c == ' ' ? mark : c, cut.text().start()[at], cut.text().end()[at]);
            }
            out.end();
        }
        Cut marked = out.done();
        return split
                ? new Split(CharMatcher.only(mark), Behaviour.MERGED_WITH_NEXT, false, "Metaspace").apply(marked)
                : marked;
    }

    @Override
    public String describe() {
        return "Metaspace(" + mark + ", " + prepend.name().toLowerCase(java.util.Locale.ROOT) + ")";
    }
}
