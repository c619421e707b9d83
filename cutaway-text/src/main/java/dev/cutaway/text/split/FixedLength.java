package dev.cutaway.text.split;

/** Cuts every {@code length} characters. */
public record FixedLength(int length) implements PreTokenizer {
    @Override
    public Cut apply(Cut cut) {
        String text = cut.text().text();
        Cut out = Cut.empty(cut.text(), cut.count());
        for (int i = 0; i < cut.count(); i++) {
            int begin = cut.from(i);
            int held = 0;
            for (int at = begin; at < cut.to(i); ) {
                at += Character.charCount(text.codePointAt(at));
                if (++held == length || at == cut.to(i)) {
                    out.add(begin, at);
                    begin = at;
                    held = 0;
                }
            }
        }
        return out;
    }

    @Override
    public String describe() {
        return "FixedLength(" + length + ")";
    }
}
