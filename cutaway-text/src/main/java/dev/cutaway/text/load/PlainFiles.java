package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.join.Decoders;
import dev.cutaway.text.join.PieceDecoder;
import dev.cutaway.text.join.PostProcessor;
import dev.cutaway.text.join.Template;
import dev.cutaway.text.join.TrimOffsets;
import dev.cutaway.text.normal.Characters;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.Replace;
import dev.cutaway.text.normal.UnicodeForm;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.pipeline.AddedTokens;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.split.Behaviour;
import dev.cutaway.text.split.ByteLevel;
import dev.cutaway.text.split.CharMatcher;
import dev.cutaway.text.split.KnownPattern;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.split.Regex;
import dev.cutaway.text.split.Split;
import dev.cutaway.text.subword.Bpe;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.subword.WordPiece;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tokenizers older than {@code tokenizer.json}: {@code vocab.json} with {@code merges.txt} (GPT-2 and its relatives) and
 * {@code vocab.txt} (BERT). What such files do not say, the class that {@code tokenizer_config.json} names does.
 */
public final class PlainFiles {
    private final TokenizerConfig config;
    private final String file;
    private final PieceTable pieces;
    private final Map<String, Integer> roles = new HashMap<>();

    private PlainFiles(TokenizerConfig config, String file, PieceTable pieces, Map<String, String> usual) {
        this.config = config;
        this.file = file;
        this.pieces = pieces;
        usual.forEach((role, content) -> {
            int id = pieces.find(content);
            if (id >= 0) {
                roles.put(role, id);
            }
        });
        roles.putAll(config.roles(this::idOf));
    }

    private int idOf(String content) {
        for (AddedToken token : config.added()) {
            if (token.content().equals(content)) {
                return token.id();
            }
        }
        return pieces.find(content);
    }

    /** Byte-level BPE. */
    public static Pipeline bytePair(Path vocab, Path merges, TokenizerConfig config) {
        Json json = Json.read(vocab);
        PieceTable pieces = JsonModels.vocabulary(json);
        String name = merges.toString();
        List<String> lines = text(Json.bytes(merges)).lines().toList();
        Merges table = new Merges(pieces, lines.size(), 0, true, name);
        for (int i = 0; i < lines.size(); i++) {
            boolean comment = i == 0 && lines.get(i).startsWith("#version");
            if (!comment && !lines.get(i).isBlank()) {
                table.add(lines.get(i));
            }
        }
        String style = config.style();
        Map<String, String> usual = style.startsWith("GPT2") || style.isEmpty()
                ? Map.of("bos", "<|endoftext|>", "eos", "<|endoftext|>", "unk", "<|endoftext|>")
                : Map.of();
        return new PlainFiles(config, json.file(), pieces, usual).bytePair(style, table);
    }

    private Pipeline bytePair(String style, Merges merges) {
        boolean clip = style.startsWith("CLIP");
        boolean prefixSpace = config.flag("add_prefix_space", false);
        Normaliser normaliser = Normaliser.NONE;
        PreTokenizer pre = new ByteLevel(prefixSpace, true);
        if (clip) {
            normaliser = new Normaliser.Chain(
                    List.of(UnicodeForm.NFC, new Replace(Regex.of("\\s+", file), " "), Characters.LOWERCASE));
            pre = new PreTokenizer.Chain(List.of(
                    new Split(
                            Regex.of("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+", file),
                            Behaviour.REMOVED,
                            true,
                            "Split"),
                    new ByteLevel(false, false)));
        } else if (style.startsWith("Qwen2")) {
            normaliser = UnicodeForm.NFC;
            pre = new PreTokenizer.Chain(List.of(
                    new Split(KnownPattern.QWEN2, Behaviour.ISOLATED, false, "Split"), new ByteLevel(false, false)));
        }
        Bpe.Options options =
                new Bpe.Options(clip ? roles.getOrDefault("unk", -1) : -1, false, false, false, "", clip ? "</w>" : "");
        PieceDecoder decoder = clip
                ? new PieceDecoder.Chain(List.of(Decoders.wordEnd("</w>"), Decoders.byteLevel()))
                : Decoders.byteLevel();
        return pipeline(normaliser, pre, new Bpe(pieces, merges.done(), options), after(style, prefixSpace), decoder);
    }

    private PostProcessor after(String style, boolean prefixSpace) {
        Template.Piece text = new Template.Piece.Text(0, 0);
        Template.Piece other = new Template.Piece.Text(1, 0);
        if (style.startsWith("CLIP")) {
            Template.Piece bos = special("bos");
            Template.Piece eos = special("eos");
            return new Template(List.of(bos, text, eos), List.of(bos, text, eos, eos, other, eos));
        }
        if (style.startsWith("Roberta")
                || style.startsWith("Bart")
                || style.startsWith("Longformer")
                || style.startsWith("LED")) {
            Template.Piece cls = special("cls");
            Template.Piece sep = special("sep");
            return new PostProcessor.Chain(List.of(
                    new TrimOffsets(pieces, prefixSpace),
                    new Template(List.of(cls, text, sep), List.of(cls, text, sep, sep, other, sep))));
        }
        return config.bosAndEos(roles, false, false);
    }

    private Template.Piece special(String role) {
        Integer id = roles.get(role);
        if (id == null) {
            throw new BadInputException(file + ": the vocabulary has no " + role
                    + " token, which this kind of tokenizer needs; name it in tokenizer_config.json (" + role
                    + "_token)");
        }
        return new Template.Piece.Special(List.of(id), 0);
    }

    /** WordPiece, one piece a line. */
    public static Pipeline wordPiece(Path vocab, TokenizerConfig config) {
        String name = vocab.toString();
        PieceTable.Builder builder = new PieceTable.Builder(name);
        int id = 0;
        for (String line : text(Json.bytes(vocab)).lines().toList()) {
            builder.add(line.stripTrailing(), id++);
        }
        PieceTable pieces = builder.build();
        Map<String, String> usual =
                Map.of("unk", "[UNK]", "sep", "[SEP]", "pad", "[PAD]", "cls", "[CLS]", "mask", "[MASK]");
        return new PlainFiles(config, name, pieces, usual).wordPiece();
    }

    private Pipeline wordPiece() {
        boolean lower = config.flag("do_lower_case", true);
        Normaliser normaliser = Characters.bert(
                true, config.flag("tokenize_chinese_chars", true), config.flag("strip_accents", lower), lower);
        PreTokenizer pre = new PreTokenizer.Chain(List.of(
                new Split(CharMatcher.SPACE, Behaviour.REMOVED, false, "BertPreTokenizer"),
                new Split(CharMatcher.PUNCTUATION, Behaviour.ISOLATED, false, "BertPreTokenizer")));
        Integer unknown = roles.get("unk");
        if (unknown == null) {
            throw new BadInputException(file
                    + ": the vocabulary has no [UNK]; name the unknown token in tokenizer_config.json (unk_token)");
        }
        Template.Piece cls = special("cls");
        Template.Piece sep = special("sep");
        Template.Piece text = new Template.Piece.Text(0, 0);
        List<Template.Piece> pair = List.of(
                cls,
                text,
                sep,
                new Template.Piece.Text(1, 1),
                new Template.Piece.Special(List.of(roles.getOrDefault("sep", 0)), 1));
        return pipeline(
                normaliser,
                pre,
                new WordPiece(pieces, unknown, "", "##", 100),
                new Template(List.of(cls, text, sep), pair),
                Decoders.wordPiece("##", true));
    }

    private Pipeline pipeline(
            Normaliser normaliser, PreTokenizer pre, Model model, PostProcessor post, PieceDecoder decoder) {
        List<AddedToken> added = new ArrayList<>(config.added());
        roles.values().stream().distinct().forEach(id -> {
            String content = pieces.piece(id);
            if (content != null && added.stream().noneMatch(t -> t.id() == id)) {
                added.add(AddedToken.plain(id, content, true));
            }
        });
        Set<Integer> ends = new HashSet<>();
        Optional.ofNullable(roles.get("eos")).ifPresent(ends::add);
        return new Pipeline(
                file, new AddedTokens(added, normaliser), normaliser, pre, model, post, decoder, roles, ends);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
