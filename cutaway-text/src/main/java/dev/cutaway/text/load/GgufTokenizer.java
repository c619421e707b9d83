package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import dev.cutaway.text.join.Decoders;
import dev.cutaway.text.join.PieceDecoder;
import dev.cutaway.text.join.PostProcessor;
import dev.cutaway.text.join.SentencePieceDecoder;
import dev.cutaway.text.join.Template;
import dev.cutaway.text.normal.Characters;
import dev.cutaway.text.normal.Charsmap;
import dev.cutaway.text.normal.DummySpace;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.Replace;
import dev.cutaway.text.normal.SentencePieceNormaliser;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.pipeline.AddedTokens;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.split.Behaviour;
import dev.cutaway.text.split.ByteLevel;
import dev.cutaway.text.split.CharMatcher;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.split.Regex;
import dev.cutaway.text.split.Split;
import dev.cutaway.text.subword.Bpe;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.subword.WordPiece;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tokenizer inside a GGUF file, read as llama.cpp reads it: {@code tokenizer.ggml.model} names the kind, {@code .tokens},
 * {@code .scores}, {@code .token_type} and {@code .merges} hold the vocabulary.
 */
public final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String MARK = "\u2581";
    /** llama.cpp's token types. */
    static final int UNKNOWN = 2;

    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;

    private final Metadata data;
    private final PackedTexts tokens;
    private final int[] types;
    private final PieceTable pieces;

    private GgufTokenizer(Metadata data) {
        this.data = data;
        PackedTexts given = data.texts(PREFIX + "tokens");
        int n = given.size();
        if (n == 0 || n > PieceTable.MOST_PIECES) {
            throw data.bad(PREFIX + "tokens", "has " + n + " entries, expected 1 to " + PieceTable.MOST_PIECES);
        }
        this.tokens = filled(given);
        int[] listed = data.integers(PREFIX + "token_type");
        if (listed.length > 0 && listed.length < n) {
            throw data.bad(PREFIX + "token_type", "has " + listed.length + " entries for " + n + " tokens");
        }
        this.types = listed.length > 0 ? listed : new int[n];
        if (listed.length == 0) {
            Arrays.fill(types, 1);
        }
        this.pieces = PieceTable.of(tokens);
    }

    /** Gives tokens without a text one. */
    private static PackedTexts filled(PackedTexts given) {
        if (!given.hasEmpty()) {
            return given;
        }
        int[] starts = given.starts();
        PackedTexts.Builder out = new PackedTexts.Builder(given.size(), given.bytes().length);
        for (int i = 0; i < given.size(); i++) {
            out.add(starts[i] < starts[i + 1] ? given.get(i) : "[EMPTY_" + i + "]");
        }
        return out.build();
    }

    /**
     * Reads a tokenizer.
     *
     * @param metadata the file's metadata: strings, boxed numbers and booleans, arrays or lists of them
     * @param file the file's name, for messages
     * @throws BadInputException if the metadata holds no tokenizer or a broken one
     */
    public static Pipeline read(Map<String, Object> metadata, String file) {
        Metadata data = new Metadata(metadata, file);
        String model = data.text(PREFIX + "model")
                .orElseThrow(() -> new BadInputException(
                        file + ": tokenizer.ggml.model is missing; the file holds no tokenizer, use one that does"));
        GgufTokenizer reader = new GgufTokenizer(data);
        return switch (model) {
            case "gpt2" -> reader.bytePair(data.text(PREFIX + "pre").orElse("default"));
            case "gemma4" -> reader.bytePair("gemma4");
            case "llama" -> reader.sentencePiece();
            case "t5" -> reader.unigram();
            case "bert" -> reader.wordPiece();
            default ->
                throw new BadInputException(
                        file + ": tokenizer.ggml.model is \"" + model
                                + "\", an unknown kind; known are gpt2, gemma4, llama, bert and t5; choose a file with one of these");
        };
    }

    private Pipeline bytePair(String pre) {
        GgufPatterns known = GgufPatterns.named(pre, data.file());
        PackedTexts list = data.texts(PREFIX + "merges");
        Merges merges = new Merges(pieces, list.size(), 0, false, data.file() + ": " + PREFIX + "merges");
        merges.addAll(list);
        boolean marks = known.spacesAsMarks();
        Bpe.Options options = new Bpe.Options(-1, false, marks, GgufPatterns.ignoresMerges(pre), "", "");
        List<PreTokenizer> steps = new ArrayList<>();
        for (String pattern : known.patterns()) {
            steps.add(new Split(
                    Regex.known(pattern, data.file() + ": " + PREFIX + "pre"), Behaviour.ISOLATED, false, "Split"));
        }
        if (!marks && known != GgufPatterns.WHITESPACE) {
            steps.add(new ByteLevel(false, false));
        }
        PieceDecoder decoder = marks ? marksAndBytes("") : Decoders.byteLevel();
        return pipeline(
                marks ? new Replace(Regex.literal(" ", data.file()), MARK) : Normaliser.NONE,
                new PreTokenizer.Chain(steps),
                new Bpe(pieces, merges.done(), options),
                decoder,
                new Defaults(GgufPatterns.addsBos(pre) || pre.equals("gemma4"), false, false, 11, 11, -1, -1, -1, -1));
    }

    private static PieceDecoder marksAndBytes(String unknown) {
        return new SentencePieceDecoder(unknown, unknown, false, false);
    }

    private ScoredPieces scored() {
        float[] scores = data.floats(PREFIX + "scores");
        int n = tokens.size();
        if (scores.length < n) {
            throw data.bad(PREFIX + "scores", "has " + scores.length + " entries for " + n + " tokens");
        }
        byte[] kinds = new byte[n];
        for (int id = 0; id < n; id++) {
            int type = types[id];
            kinds[id] = (byte) (type < ScoredPieces.NORMAL || type > ScoredPieces.BYTE ? ScoredPieces.NORMAL : type);
        }
        return new ScoredPieces(data.file() + ": " + PREFIX + "tokens", pieces, scores, kinds);
    }

    /** SentencePiece BPE as llama.cpp runs it: a space before the text if asked, spaces as marks, the whole text one word. */
    private Pipeline sentencePiece() {
        boolean prefix = data.flag(PREFIX + "add_space_prefix", true);
        List<Normaliser> steps = new ArrayList<>();
        if (prefix) {
            steps.add(new DummySpace());
        }
        steps.add(new Replace(Regex.literal(" ", data.file()), MARK));
        Defaults defaults = new Defaults(true, false, false, 1, 2, 0, -1, -1, -1);
        int unknown = roles(defaults).getOrDefault("unk", 0);
        return pipeline(
                new Normaliser.Chain(steps),
                PreTokenizer.NONE,
                scored().bytePair(unknown, true, false),
                new SentencePieceDecoder(tokens.get(unknown), tokens.get(unknown), prefix, false),
                defaults);
    }

    private Pipeline unigram() {
        Defaults defaults = new Defaults(false, true, false, -1, 1, 2, -1, 0, -1);
        int unknown = roles(defaults).getOrDefault("unk", 0);
        ScoredPieces scored = scored();
        double[] block = data.numbers(PREFIX + "precompiled_charsmap");
        byte[] bytes = new byte[block.length];
        for (int i = 0; i < block.length; i++) {
            bytes[i] = (byte) block[i];
        }
        Optional<Charsmap> map = block.length == 0
                ? Optional.empty()
                : Optional.of(Charsmap.read(bytes, data.file() + ": " + PREFIX + "precompiled_charsmap"));
        boolean prefix = data.flag(PREFIX + "add_space_prefix", false);
        boolean extra = data.flag(PREFIX + "remove_extra_whitespaces", false);
        return pipeline(
                new SentencePieceNormaliser(map, scored.userDefined(), prefix, extra, true, false),
                PreTokenizer.NONE,
                scored.unigram(unknown, false),
                new SentencePieceDecoder(tokens.get(unknown), tokens.get(unknown), prefix, extra),
                defaults);
    }

    /** BERT's WordPiece; GGUF marks the beginning of a word with U+2581 and not the inside with ##. */
    private Pipeline wordPiece() {
        Defaults defaults = new Defaults(true, false, true, 101, -1, 100, 102, 0, 103);
        Map<String, Integer> roles = roles(defaults);
        Integer unknown = roles.get("unk");
        if (unknown == null) {
            throw data.bad(PREFIX + "unknown_token_id", "is missing");
        }
        boolean lower = data.flag("tokenizer.ggml.normalizer.lowercase", true);
        boolean accents = data.flag("tokenizer.ggml.normalizer.strip_accents", lower);
        return pipeline(
                Characters.bert(true, true, accents, lower),
                new PreTokenizer.Chain(List.of(
                        new Split(CharMatcher.SPACE, Behaviour.REMOVED, false, "BertPreTokenizer"),
                        new Split(CharMatcher.PUNCTUATION, Behaviour.ISOLATED, false, "BertPreTokenizer"))),
                new WordPiece(pieces, unknown, MARK, "", Integer.MAX_VALUE),
                Decoders.markedWords('\u2581'),
                defaults);
    }

    /** What llama.cpp assumes when the file does not say. */
    record Defaults(
            boolean addBos, boolean addEos, boolean addSep, int bos, int eos, int unk, int sep, int pad, int mask) {}

    private Pipeline pipeline(
            Normaliser normaliser,
            PreTokenizer preTokenizer,
            dev.cutaway.text.subword.Model model,
            PieceDecoder decoder,
            Defaults defaults) {
        Map<String, Integer> roles = roles(defaults);
        Set<Integer> ends = ends(roles);
        return new Pipeline(
                data.file(),
                added(ends),
                normaliser,
                preTokenizer,
                model,
                around(defaults, roles),
                decoder,
                roles,
                ends);
    }

    private Map<String, Integer> roles(Defaults d) {
        Map<String, Integer> roles = new HashMap<>();
        role(roles, "bos", "bos_token_id", d.bos);
        role(roles, "eos", "eos_token_id", d.eos);
        role(roles, "unk", "unknown_token_id", d.unk);
        role(roles, "sep", "seperator_token_id", d.sep);
        role(roles, "pad", "padding_token_id", d.pad);
        role(roles, "mask", "mask_token_id", d.mask);
        role(roles, "cls", "cls_token_id", -1);
        role(roles, "eot", "eot_token_id", -1);
        role(roles, "eom", "eom_token_id", -1);
        return roles;
    }

    private void role(Map<String, Integer> roles, String role, String key, int otherwise) {
        long id = data.integer(PREFIX + key).orElse((long) otherwise);
        if (id >= 0 && id < tokens.size()) {
            roles.put(role, (int) id);
        } else if (data.has(PREFIX + key) && id >= tokens.size() && id != 0xFFFFFFFFL) {
            throw data.bad(PREFIX + key, "is " + id + ", outside the vocabulary of " + tokens.size() + " tokens");
        }
    }

    private Set<Integer> ends(Map<String, Integer> roles) {
        Set<Integer> ends = EndTokens.of(pieces::find);
        for (String role : List.of("eos", "eot", "eom")) {
            Integer id = roles.get(role);
            if (id != null) {
                ends.add(id);
            }
        }
        return ends;
    }

    private AddedTokens added(Set<Integer> ends) {
        List<AddedToken> added = new ArrayList<>();
        BitSet control = new BitSet();
        BitSet all = new BitSet();
        for (int id = 0; id < tokens.size(); id += 64) { // in pieces: see PackedTexts.Builder
            types(id, Math.min(tokens.size(), id + 64), control, all);
        }
        ends.forEach(control::set);
        all.or(control);
        for (int id = all.nextSetBit(0); id >= 0; id = all.nextSetBit(id + 1)) {
            added.add(AddedToken.plain(id, tokens.get(id), control.get(id)));
        }
        return new AddedTokens(added, Normaliser.NONE);
    }

    private void types(int from, int to, BitSet control, BitSet all) {
        for (int id = from; id < to; id++) {
            int type = types[id];
            if (type == CONTROL || type == UNKNOWN) {
                control.set(id);
            } else if (type == USER_DEFINED) {
                all.set(id);
            }
        }
    }

    private PostProcessor around(Defaults defaults, Map<String, Integer> roles) {
        if (defaults.bos == 101) {
            Template.Piece cls = special(roles.containsKey("cls") ? "cls" : "bos", roles, "bos_token_id");
            Template.Piece sep = special("sep", roles, "seperator_token_id");
            Template.Piece text = new Template.Piece.Text(0, 0);
            return new Template(List.of(cls, text, sep), List.of(cls, text, sep, new Template.Piece.Text(1, 1), sep));
        }
        boolean addBos = data.flag(PREFIX + "add_bos_token", defaults.addBos);
        boolean addEos = data.flag(PREFIX + "add_eos_token", defaults.addEos);
        boolean addSep = data.flag(PREFIX + "add_sep_token", defaults.addSep);
        List<Template.Piece> before = new ArrayList<>();
        List<Template.Piece> after = new ArrayList<>();
        if (addBos) {
            before.add(special("bos", roles, "add_bos_token"));
        }
        if (addEos) {
            after.add(special("eos", roles, "add_eos_token"));
        }
        List<Template.Piece> single = new ArrayList<>(before);
        single.add(new Template.Piece.Text(0, 0));
        single.addAll(after);
        List<Template.Piece> pair = new ArrayList<>(single);
        if (addSep && roles.containsKey("sep")) {
            pair.add(special("sep", roles, "add_sep_token"));
        }
        pair.add(new Template.Piece.Text(1, 0));
        pair.addAll(after);
        return new Template(single, pair);
    }

    private Template.Piece special(String role, Map<String, Integer> roles, String key) {
        Integer id = roles.get(role);
        if (id == null) {
            throw data.bad(PREFIX + key, "is true, but the file names no " + role + " token");
        }
        return new Template.Piece.Special(List.of(id), 0);
    }
}
