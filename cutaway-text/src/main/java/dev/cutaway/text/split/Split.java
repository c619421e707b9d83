package dev.cutaway.text.split;

/**
 * Splits at what a matcher finds.
 *
 * @param matcher what to look for
 * @param behaviour what becomes of it
 * @param invert look for what lies between the matches instead
 * @param name how {@code tokenizer.json} calls this step
 */
public record Split(Matcher matcher, Behaviour behaviour, boolean invert, String name) implements PreTokenizer {
    @Override
    public Cut apply(Cut cut) {
        Cut out = Cut.empty(cut.text(), cut.count() * 2);
        for (int i = 0; i < cut.count(); i++) {
            Matches matches = new Matches(cut.from(i));
            matcher.find(cut.text().text(), cut.from(i), cut.to(i), matches);
            matches.gapTo(cut.to(i));
            if (invert) {
                matches.invert();
            }
            matches.into(out, behaviour);
        }
        return out;
    }

    @Override
    public String describe() {
        return name + "(" + matcher.describe() + ")";
    }
}
