package dev.cutaway.text.load;

import dev.cutaway.text.split.Behaviour;
import dev.cutaway.text.split.ByteLevel;
import dev.cutaway.text.split.CharMatcher;
import dev.cutaway.text.split.FixedLength;
import dev.cutaway.text.split.Metaspace;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.split.Scripts;
import dev.cutaway.text.split.Split;
import java.util.List;

/** The {@code pre_tokenizer} of a {@code tokenizer.json}. */
final class JsonPreTokenizers {
    private JsonPreTokenizers() {}

    static PreTokenizer read(Json p) {
        String type = p.text("type");
        return switch (type) {
            case "Sequence" ->
                new PreTokenizer.Chain(p.get("pretokenizers").items().stream()
                        .map(JsonPreTokenizers::read)
                        .toList());
            case "ByteLevel" -> new ByteLevel(p.flag("add_prefix_space", true), p.flag("use_regex", true));
            case "Whitespace" -> new Split(CharMatcher.WORDS, Behaviour.REMOVED, true, type);
            case "WhitespaceSplit" -> new Split(CharMatcher.SPACE, Behaviour.REMOVED, false, type);
            case "BertPreTokenizer" ->
                new PreTokenizer.Chain(List.of(
                        new Split(CharMatcher.SPACE, Behaviour.REMOVED, false, "BertPreTokenizer"),
                        new Split(CharMatcher.PUNCTUATION, Behaviour.ISOLATED, false, "BertPreTokenizer")));
            case "Metaspace" -> metaspace(p);
            case "Punctuation" -> new Split(CharMatcher.PUNCTUATION, behaviour(p, "isolated"), false, type);
            case "Digits" ->
                new Split(
                        CharMatcher.NUMERIC,
                        p.flag("individual_digits", false) ? Behaviour.ISOLATED : Behaviour.CONTIGUOUS,
                        false,
                        type);
            case "CharDelimiterSplit" ->
                new Split(CharMatcher.only(p.character("delimiter", "")), Behaviour.REMOVED, false, type);
            case "Split" ->
                new Split(Patterns.read(p.get("pattern"), true), behaviour(p, ""), p.flag("invert", false), type);
            case "UnicodeScripts" -> Scripts.INSTANCE;
            case "FixedLength" -> new FixedLength(p.integer("length", 5, 1, 1 << 20));
            default ->
                throw p.get("type")
                        .wrong(
                                "a known pre-tokenizer (ByteLevel, Whitespace, WhitespaceSplit, Metaspace, BertPreTokenizer,"
                                        + " Split, Punctuation, Digits, CharDelimiterSplit, UnicodeScripts, FixedLength, Sequence)");
        };
    }

    private static Behaviour behaviour(Json p, String otherwise) {
        return switch (p.text("behavior", otherwise).toLowerCase(java.util.Locale.ROOT)) {
            case "removed" -> Behaviour.REMOVED;
            case "isolated" -> Behaviour.ISOLATED;
            case "mergedwithprevious", "merged_with_previous" -> Behaviour.MERGED_WITH_PREVIOUS;
            case "mergedwithnext", "merged_with_next" -> Behaviour.MERGED_WITH_NEXT;
            case "contiguous" -> Behaviour.CONTIGUOUS;
            default ->
                throw p.get("behavior").wrong("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
        };
    }

    /** How a {@code Metaspace} puts its mark before a text; older files say {@code add_prefix_space}. */
    static Metaspace.Prepend prepend(Json p) {
        String scheme = p.text("prepend_scheme", "always");
        boolean never = !p.flag("add_prefix_space", true);
        return switch (scheme) {
            case "always" -> never ? Metaspace.Prepend.NEVER : Metaspace.Prepend.ALWAYS;
            case "first" -> Metaspace.Prepend.FIRST;
            case "never" -> Metaspace.Prepend.NEVER;
            default -> throw p.get("prepend_scheme").wrong("always, first or never");
        };
    }

    private static Metaspace metaspace(Json p) {
        int mark = p.character("replacement", "\u2581");
        if (mark > 0xFFFF) {
            throw p.get("replacement").wrong("a character of the basic plane");
        }
        return new Metaspace((char) mark, prepend(p), p.flag("split", true));
    }
}
