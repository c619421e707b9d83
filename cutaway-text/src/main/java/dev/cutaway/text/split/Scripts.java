package dev.cutaway.text.split;

/** Cuts where the script changes; kana and Han count as one, and common characters join what is before them. */
public enum Scripts implements PreTokenizer {
    /** The only one. */
    INSTANCE;

    private static final int ANY = -1;

    /** The script as the reference sees it: common characters have one of their own, spaces fit anywhere. */
    private static int script(int c) {
        if (c == ' ') {
            return ANY;
        }
        if (c == 0x30FC) {
            return Character.UnicodeScript.HAN.ordinal();
        }
        Character.UnicodeScript script = Character.UnicodeScript.of(c);
        return switch (script) {
            case UNKNOWN -> ANY;
            case HIRAGANA, KATAKANA -> Character.UnicodeScript.HAN.ordinal();
            default -> script.ordinal();
        };
    }

    @Override
    public Cut apply(Cut cut) {
        String text = cut.text().text();
        Cut out = Cut.empty(cut.text(), cut.count());
        for (int i = 0; i < cut.count(); i++) {
            int last = Integer.MIN_VALUE; // before the first character that has a script
            int begin = cut.from(i);
            for (int at = cut.from(i); at < cut.to(i); ) {
                int c = text.codePointAt(at);
                int script = script(c);
                if (script != ANY && script != last) {
                    if (last != Integer.MIN_VALUE) {
                        out.add(begin, at);
                    }
                    begin = at;
                }
                if (script != ANY) {
                    last = script;
                }
                at += Character.charCount(c);
            }
            if (last != Integer.MIN_VALUE) { // spaces before the first letter are lost, and spaces alone too
                out.add(begin, cut.to(i));
            }
        }
        return out;
    }

    @Override
    public String describe() {
        return "UnicodeScripts";
    }
}
