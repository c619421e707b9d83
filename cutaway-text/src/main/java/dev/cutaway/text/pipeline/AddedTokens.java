package dev.cutaway.text.pipeline;

import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.split.CharClass;
import dev.cutaway.text.split.Properties;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The added tokens of a tokenizer, and the search for them: the leftmost first, of those the longest. */
public final class AddedTokens {
    private final Map<Integer, AddedToken> byId = new HashMap<>();
    private final Map<String, AddedToken> byContent = new HashMap<>();
    private final Map<Integer, String> decoded = new HashMap<>(); // of tokens that normalisation changes
    private final Finder raw = new Finder();
    private final Finder normalised = new Finder();

    /** The given tokens; {@code normaliser} is applied to those that are looked for in normalised text. */
    public AddedTokens(List<AddedToken> tokens, Normaliser normaliser) {
        for (AddedToken token : tokens) {
            if (token.content().isEmpty()) {
                continue;
            }
            byId.put(token.id(), token);
            byContent.put(token.content(), token);
            if (token.normalised()) {
                String text =
                        normaliser.apply(AlignedText.of(token.content(), 0)).text();
                normalised.add(text, token);
                decoded.put(token.id(), text);
            } else {
                raw.add(token.content(), token);
            }
        }
    }

    /** A stretch of the text: a token that was found, or text without any. */
    public sealed interface Section {
        /** An added token at bytes {@code [start, end)} of the original, with so many spaces before and after that it took. */
        record Found(AddedToken token, int start, int end, int leading, int trailing) implements Section {}

        /** Text, normalised. */
        record Text(AlignedText text) implements Section {}
    }

    /** Is told of added tokens in a text. */
    interface Hits {
        /** A token at UTF-16 units {@code [from, to)}, which took so many spaces before and after it. */
        void hit(AddedToken token, int from, int to, int leading, int trailing);
    }

    /** Looks for the tokens that are found in the text as given. */
    void find(String text, boolean parseSpecial, Hits hits) {
        raw.find(text, parseSpecial, hits);
    }

    /** Whether any token is looked for in normalised text. */
    boolean hasNormalised() {
        return !decoded.isEmpty();
    }

    /** Divides a text; with {@code parseSpecial} false, special tokens are text like any other. */
    public List<Section> divide(String text, Normaliser normaliser, boolean parseSpecial) {
        List<Section> first = new ArrayList<>();
        raw.divide(AlignedText.of(text, 0), parseSpecial, first);
        List<Section> out = new ArrayList<>(first.size());
        for (Section section : first) {
            if (section instanceof Section.Text t) {
                normalised.divide(normaliser.apply(t.text()), parseSpecial, out);
            } else {
                out.add(section);
            }
        }
        return out;
    }

    /** The token with this id, or null. */
    public @Nullable AddedToken byId(int id) {
        return byId.get(id);
    }

    /** What stands for a token when it is decoded: its normalised text, which the decoder may turn back. */
    public String forDecoding(AddedToken token) {
        return decoded.getOrDefault(token.id(), token.content());
    }

    /** The token with this text, or null. */
    public @Nullable AddedToken byContent(String content) {
        return byContent.get(content);
    }

    /** All tokens, in no order. */
    public List<AddedToken> all() {
        return List.copyOf(byId.values());
    }

    /** One more than the highest id, 0 without tokens. */
    public int size() {
        return byId.keySet().stream().mapToInt(i -> i + 1).max().orElse(0);
    }

    /** Looks for tokens in a text. */
    private static final class Finder {
        private final dev.cutaway.text.subword.Trie trie = new dev.cutaway.text.subword.Trie();
        private final List<AddedToken> tokens = new ArrayList<>();
        private final java.util.BitSet begins = new java.util.BitSet();
        private boolean onlySpecial = true;

        void add(String pattern, AddedToken token) {
            if (pattern.isEmpty()) {
                return;
            }
            begins.set(pattern.charAt(0));
            trie.add(pattern, tokens.size());
            tokens.add(token);
            onlySpecial &= token.special();
        }

        void divide(AlignedText aligned, boolean parseSpecial, List<Section> out) {
            int[] last = {0};
            find(aligned.text(), parseSpecial, (token, from, to, leading, trailing) -> {
                if (last[0] < from) {
                    out.add(new Section.Text(aligned.slice(last[0], from)));
                }
                out.add(new Section.Found(token, aligned.start()[from], aligned.end()[to - 1], leading, trailing));
                last[0] = to;
            });
            if (last[0] < aligned.length()) {
                out.add(new Section.Text(aligned.slice(last[0], aligned.length())));
            }
        }

        void find(String text, boolean parseSpecial, Hits hits) {
            if (tokens.isEmpty() || (onlySpecial && !parseSpecial)) {
                return;
            }
            int only = begins.cardinality() == 1 ? begins.nextSetBit(0) : -1;
            int last = 0;
            int[] length = new int[1];
            for (int at = 0; at < text.length(); ) {
                if (only >= 0) {
                    at = text.indexOf(only, at);
                    if (at < 0) {
                        return;
                    }
                }
                AddedToken token = begins.get(text.charAt(at)) ? longest(text, at, length) : null;
                if (token == null) {
                    at++;
                    continue;
                }
                int end = at + length[0];
                if ((token.special() && !parseSpecial) || (token.singleWord() && !standsAlone(text, at, end))) {
                    at = end;
                    continue;
                }
                int from = token.stripLeft() ? Math.max(last, beforeSpaces(text, at)) : at;
                int to = token.stripRight() ? afterSpaces(text, end) : end;
                hits.hit(token, from, to, at - from, to - end);
                last = to;
                at = to;
            }
        }

        private @Nullable AddedToken longest(String text, int from, int[] length) {
            int best = -1;
            int node = 0;
            for (int i = from; i < text.length() && node >= 0; i++) {
                node = trie.next(node, text.charAt(i));
                if (node >= 0 && trie.id(node) >= 0) {
                    best = trie.id(node);
                    length[0] = i + 1 - from;
                }
            }
            return best < 0 ? null : tokens.get(best);
        }

        private static boolean standsAlone(String text, int from, int to) {
            return (from == 0 || !Properties.isWord(text.codePointBefore(from)))
                    && (to == text.length() || !Properties.isWord(text.codePointAt(to)));
        }

        private static int beforeSpaces(String text, int at) {
            int i = at;
            while (i > 0 && CharClass.isSpace(text.charAt(i - 1))) {
                i--;
            }
            return i;
        }

        private static int afterSpaces(String text, int at) {
            int i = at;
            while (i < text.length() && CharClass.isSpace(text.charAt(i))) {
                i++;
            }
            return i;
        }
    }
}
