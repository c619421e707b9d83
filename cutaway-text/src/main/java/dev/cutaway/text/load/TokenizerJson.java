package dev.cutaway.text.load;

import dev.cutaway.text.join.Decoders;
import dev.cutaway.text.join.PieceDecoder;
import dev.cutaway.text.join.PostProcessor;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.pipeline.AddedTokens;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.split.PreTokenizer;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.PieceTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads Hugging Face's {@code tokenizer.json}. Truncation and padding are not read. */
public final class TokenizerJson {
    private TokenizerJson() {}

    /** Reads the file; roles of tokens come from the files beside it. */
    public static Pipeline read(Path file, TokenizerConfig config) {
        return read(Json.read(file), config);
    }

    /** Reads a file's content; {@code name} is for messages. */
    public static Pipeline parse(byte[] content, String name) {
        return read(Json.parse(content, name), TokenizerConfig.NONE);
    }

    private static Pipeline read(Json root, TokenizerConfig config) {
        if (!root.isObject()) {
            throw root.wrong("an object with a model");
        }
        Model model = JsonModels.read(root.get("model"), root.find("added_tokens"));
        Normaliser normaliser =
                root.find("normalizer").map(JsonNormalisers::read).orElse(Normaliser.NONE);
        PreTokenizer preTokenizer =
                root.find("pre_tokenizer").map(JsonPreTokenizers::read).orElse(PreTokenizer.NONE);
        List<AddedToken> added = addedTokens(root.find("added_tokens"), model.vocabulary());
        PostProcessor post = root.find("post_processor")
                .map(p -> JsonPostProcessors.read(p, model.vocabulary(), added))
                .orElse(PostProcessor.NONE);
        PieceDecoder decoder = root.find("decoder").map(JsonDecoders::read).orElseGet(Decoders::spaced);
        AddedTokens table = new AddedTokens(added, normaliser);
        Map<String, Integer> roles = config.roles(content -> idOf(content, table, model.vocabulary()));
        Set<Integer> ends = EndTokens.of(text -> {
            AddedToken token = table.byContent(text);
            return token != null && token.special() ? token.id() : -1;
        });
        Optional.ofNullable(roles.get("eos")).ifPresent(ends::add);
        return new Pipeline(root.file(), table, normaliser, preTokenizer, model, post, decoder, roles, ends);
    }

    private static int idOf(String content, AddedTokens added, PieceTable pieces) {
        AddedToken token = added.byContent(content);
        return token != null ? token.id() : pieces.find(content);
    }

    private static List<AddedToken> addedTokens(Optional<Json> list, PieceTable pieces) {
        List<AddedToken> out = new ArrayList<>();
        if (list.isEmpty()) {
            return out;
        }
        for (Json item : list.get().items()) {
            String content = item.text("content");
            int id = item.integer("id", -1, 0, PieceTable.MOST_PIECES - 1);
            if (id < 0) {
                throw item.get("id").wrong("an integer");
            }
            boolean special = item.flag("special", false);
            int known = pieces.find(content);
            out.add(new AddedToken(
                    known >= 0 ? known : id,
                    content,
                    special,
                    item.flag("single_word", false),
                    item.flag("lstrip", false),
                    item.flag("rstrip", false),
                    item.flag("normalized", !special)));
        }
        return out;
    }
}
