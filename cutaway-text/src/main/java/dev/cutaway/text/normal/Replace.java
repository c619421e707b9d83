package dev.cutaway.text.normal;

import dev.cutaway.text.split.Matcher;
import dev.cutaway.text.split.Matches;

/** Puts {@code content} in place of whatever a pattern finds. */
public record Replace(Matcher pattern, String content) implements Normaliser {
    @Override
    public AlignedText apply(AlignedText text) {
        Matches matches = new Matches(0);
        pattern.find(text.text(), 0, text.length(), matches);
        matches.gapTo(text.length());
        Rewriter out = new Rewriter(text);
        matches.forEach((from, to, matched) -> {
            if (matched) {
                out.skipTo(to);
                content.codePoints().forEach(out::insert);
            } else {
                out.keepTo(to);
            }
        });
        return out.done();
    }

    @Override
    public String describe() {
        return "Replace(" + pattern.describe() + " by \"" + content + "\")";
    }

    /** Puts {@code content} before a text that is not empty. */
    public record Prepend(String content) implements Normaliser {
        @Override
        public AlignedText apply(AlignedText text) {
            if (text.isEmpty()) {
                return text;
            }
            Rewriter out = new Rewriter(text);
            content.codePoints().forEach(c -> out.put(c, text.start()[0], text.end()[0]));
            out.keepTo(text.length());
            return out.done();
        }

        @Override
        public String describe() {
            return "Prepend(\"" + content + "\")";
        }
    }
}
