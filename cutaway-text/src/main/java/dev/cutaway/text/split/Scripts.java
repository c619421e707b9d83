package dev.cutaway.text.split;

import java.lang.Character.UnicodeScript;

/** Cuts where the script changes; kana and Han count as one, and common characters join what is before them. */
public enum Scripts implements PreTokenizer {
    /** The only one. */
    INSTANCE;

    private static final UnicodeScript ANY = UnicodeScript.UNKNOWN;

    /** The script as the reference sees it: common characters have one of their own, spaces fit anywhere. */
    private static UnicodeScript script(int c) {
        if (c == ' ') {
            return ANY;
        }
        if (c == 0x30FC) {
            return UnicodeScript.HAN;
        }
        if (UnicodeDifferences.isScriptless(c)) {
            return ANY;
        }
        if (c == 0x61C || c == 0x589 || c == 0x953 || c == 0x954) { // moved since
            return c < 0x900 ? UnicodeScript.COMMON : UnicodeScript.DEVANAGARI;
        }
        UnicodeScript script = UnicodeScript.of(c);
        return switch (script) {
            case HIRAGANA, KATAKANA -> UnicodeScript.HAN;
            default -> script;
        };
    }

    @Override
    public Cut apply(Cut cut) {
        String text = cut.text().text();
        Cut out = Cut.empty(cut.text(), cut.count());
        for (int i = 0; i < cut.count(); i++) {
            UnicodeScript last = ANY; // until the first character that has a script
            int begin = cut.from(i);
            for (int at = cut.from(i); at < cut.to(i); ) {
                int c = text.codePointAt(at);
                UnicodeScript script = script(c);
                if (script != ANY && script != last) {
                    if (last != ANY) {
                        out.add(begin, at);
                    }
                    begin = at;
                }
                if (script != ANY) {
                    last = script;
                }
                at += Character.charCount(c);
            }
            if (last != ANY) { // spaces before the first letter are lost, and spaces alone too
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
