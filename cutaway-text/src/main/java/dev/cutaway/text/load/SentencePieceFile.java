package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.join.PieceDecoder;
import dev.cutaway.text.join.SentencePieceDecoder;
import dev.cutaway.text.normal.Charsmap;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.SentencePieceNormaliser;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.pipeline.AddedTokens;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.subword.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads a SentencePiece {@code .model}, a protocol buffer (message {@code ModelProto} of {@code sentencepiece_model.proto}). */
public final class SentencePieceFile {
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;
    private static final int WORD = 3;
    private static final int CHAR = 4;

    private final String file;
    private final ScoredPieces.Builder given;
    private int kind = UNIGRAM;
    private boolean byteFallback;
    private boolean suffix;
    private String unknownText = " \u2047 ";
    private byte[] charsmap = {};
    private boolean dummyPrefix = true;
    private boolean removeExtraSpaces = true;
    private boolean escapeSpaces = true;
    private final Map<String, Integer> ids = new HashMap<>(Map.of("unk", 0, "bos", 1, "eos", 2, "pad", -1));

    private SentencePieceFile(String file) {
        this.file = file;
        this.given = new ScoredPieces.Builder(file + ": pieces");
    }

    /** Reads a file; whether BOS and EOS are added comes from the files beside it. */
    public static Pipeline read(Path path, TokenizerConfig config) {
        return read(Json.bytes(path), path.toString(), config);
    }

    /** Reads a file's content. */
    public static Pipeline read(byte[] content, String name, TokenizerConfig config) {
        SentencePieceFile reader = new SentencePieceFile(name);
        reader.message(new Proto(content, name));
        return reader.pipeline(config);
    }

    private void message(Proto in) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> piece(in.message("pieces[" + given.size() + "]"));
                case 2 -> trainer(in.message("trainer_spec"));
                case 3 -> normaliser(in.message("normalizer_spec"));
                default -> in.skip();
            }
        }
        if (given.size() == 0) {
            throw new BadInputException(file + ": holds no pieces; it is no SentencePiece model, give another file");
        }
    }

    private void piece(Proto in) {
        String text = "";
        float score = 0;
        int type = ScoredPieces.NORMAL;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> text = in.text();
                case 2 -> score = in.number();
                case 3 -> type = (int) in.integer();
                default -> in.skip();
            }
        }
        given.add(text, score, type);
    }

    private void trainer(Proto in) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 3 -> kind = (int) in.integer();
                case 24 -> suffix = in.flag();
                case 35 -> byteFallback = in.flag();
                case 40 -> ids.put("unk", (int) in.integer());
                case 41 -> ids.put("bos", (int) in.integer());
                case 42 -> ids.put("eos", (int) in.integer());
                case 43 -> ids.put("pad", (int) in.integer());
                case 44 -> unknownText = in.text();
                default -> in.skip();
            }
        }
    }

    private void normaliser(Proto in) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 2 -> charsmap = in.bytes();
                case 3 -> dummyPrefix = in.flag();
                case 4 -> removeExtraSpaces = in.flag();
                case 5 -> escapeSpaces = in.flag();
                default -> in.skip();
            }
        }
    }

    private Pipeline pipeline(TokenizerConfig config) {
        ScoredPieces pieces = given.build();
        int unknown = pieces.unknown();
        Model model = switch (kind) {
            case UNIGRAM -> pieces.unigram(unknown, byteFallback);
            case BPE -> pieces.bytePair(unknown, byteFallback, true);
            case WORD -> pieces.plain(unknown, true, byteFallback);
            case CHAR -> pieces.plain(unknown, false, byteFallback);
            default ->
                throw new BadInputException(file + ": trainer_spec.model_type is " + kind
                        + ", expected 1 (unigram), 2 (BPE), 3 (words) or 4 (characters); get the file again");
        };
        Optional<Charsmap> map = charsmap.length == 0
                ? Optional.empty()
                : Optional.of(Charsmap.read(charsmap, file + ": normalizer_spec.precompiled_charsmap"));
        Normaliser normaliser = new SentencePieceNormaliser(
                map, pieces.userDefined(), dummyPrefix, removeExtraSpaces, escapeSpaces, suffix);
        PieceDecoder decoder =
                new SentencePieceDecoder(pieces.text(unknown), unknownText, dummyPrefix, removeExtraSpaces);
        List<AddedToken> added = new ArrayList<>(pieces.control());
        added.addAll(config.added());
        AddedTokens table = new AddedTokens(added, Normaliser.NONE);
        Map<String, Integer> roles = roles(config, model, table, pieces.size());
        Set<Integer> ends = new HashSet<>();
        Optional.ofNullable(roles.get("eos")).ifPresent(ends::add);
        String style = config.style();
        boolean bos = style.startsWith("Llama") || style.startsWith("Gemma");
        boolean eos = style.startsWith("T5") || style.startsWith("MT5") || style.startsWith("Pegasus");
        return new Pipeline(
                file,
                table,
                normaliser,
                PreTokenizer.NONE,
                model,
                config.bosAndEos(roles, bos, eos),
                decoder,
                roles,
                ends);
    }

    private Map<String, Integer> roles(TokenizerConfig config, Model model, AddedTokens added, int size) {
        Map<String, Integer> roles = new HashMap<>();
        ids.forEach((role, id) -> {
            if (id >= 0 && id < size) {
                roles.put(role, id);
            }
        });
        roles.putAll(config.roles(content -> {
            AddedToken token = added.byContent(content);
            return token != null ? token.id() : model.vocabulary().find(content);
        }));
        return roles;
    }
}
