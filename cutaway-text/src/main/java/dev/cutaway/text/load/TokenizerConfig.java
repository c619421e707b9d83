package dev.cutaway.text.load;

import dev.cutaway.text.join.PostProcessor;
import dev.cutaway.text.join.Template;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.subword.PieceTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * What {@code tokenizer_config.json} and {@code special_tokens_map.json} say: which tokens have a role, and whether BOS and EOS
 * are added.
 *
 * @param tokens role (bos, eos ...) to the token's text
 * @param addBos {@code add_bos_token}, if given
 * @param addEos {@code add_eos_token}, if given
 * @param settings the whole {@code tokenizer_config.json}, if there is one
 */
public record TokenizerConfig(
        Map<String, String> tokens, Optional<Boolean> addBos, Optional<Boolean> addEos, Optional<Settings> settings) {
    /** Nothing known. */
    public static final TokenizerConfig NONE =
            new TokenizerConfig(Map.of(), Optional.empty(), Optional.empty(), Optional.empty());

    private static final List<String> ROLES = List.of("bos", "eos", "unk", "pad", "sep", "cls", "mask");

    public TokenizerConfig {
        tokens = Map.copyOf(tokens);
    }

    /** Reads of {@code tokenizer_config.json}. */
    public static final class Settings {
        private final Json json;

        private Settings(Json json) {
            this.json = json;
        }

        Json json() {
            return json;
        }
    }

    /** Reads the files of a directory; those that are missing say nothing. */
    public static TokenizerConfig read(Path directory) {
        Map<String, String> tokens = new HashMap<>();
        Optional<Boolean> addBos = Optional.empty();
        Optional<Boolean> addEos = Optional.empty();
        Optional<Settings> settings = Optional.empty();
        for (String name : List.of("special_tokens_map.json", "tokenizer_config.json")) {
            Path file = directory.resolve(name);
            if (!Files.exists(file)) {
                continue;
            }
            Json json = Json.read(file);
            if (!json.isObject()) {
                throw json.wrong("an object");
            }
            for (String role : ROLES) {
                json.find(role + "_token").ifPresent(token -> tokens.put(role, content(token)));
            }
            if (name.startsWith("tokenizer")) {
                addBos = json.find("add_bos_token").filter(Json::isFlag).map(j -> json.flag("add_bos_token", false));
                addEos = json.find("add_eos_token").filter(Json::isFlag).map(j -> json.flag("add_eos_token", false));
                settings = Optional.of(new Settings(json));
            }
        }
        return new TokenizerConfig(tokens, addBos, addEos, settings);
    }

    private static String content(Json token) {
        return token.isText() ? token.text() : token.text("content");
    }

    /** The class of tokenizer that the file names, without which nothing is assumed; empty if it names none. */
    String style() {
        return settings.map(s -> s.json().text("tokenizer_class", "")).orElse("");
    }

    /** A setting that is true or false. */
    boolean flag(String key, boolean otherwise) {
        return settings.map(s -> s.json().flag(key, otherwise)).orElse(otherwise);
    }

    /** {@code added_tokens_decoder}: tokens with their ids. */
    List<AddedToken> added() {
        List<AddedToken> out = new ArrayList<>();
        settings.flatMap(s -> s.json().find("added_tokens_decoder"))
                .ifPresent(list -> list.fields((id, token) -> {
                    if (!id.matches("[0-9]{1,8}") || Integer.parseInt(id) >= PieceTable.MOST_PIECES) {
                        throw token.bad("is under \"" + id + "\", which is no id");
                    }
                    boolean special = token.flag("special", false);
                    out.add(new AddedToken(
                            Integer.parseInt(id),
                            token.text("content"),
                            special,
                            token.flag("single_word", false),
                            token.flag("lstrip", false),
                            token.flag("rstrip", false),
                            token.flag("normalized", !special)));
                }));
        return out;
    }

    /** Role to id, for the tokens that the vocabulary has. */
    public Map<String, Integer> roles(ToIntFunction<String> idOf) {
        Map<String, Integer> roles = new HashMap<>();
        tokens.forEach((role, content) -> {
            int id = idOf.applyAsInt(content);
            if (id >= 0) {
                roles.put(role, id);
            }
        });
        return roles;
    }

    /** A post-processor for older files: BOS before and EOS after, as configured. */
    PostProcessor bosAndEos(Map<String, Integer> roles, boolean bosOtherwise, boolean eosOtherwise) {
        List<Template.Piece> before = new ArrayList<>();
        List<Template.Piece> after = new ArrayList<>();
        Integer bos = roles.get("bos");
        Integer eos = roles.get("eos");
        if (bos != null && addBos.orElse(bosOtherwise)) {
            before.add(new Template.Piece.Special(List.of(bos), 0));
        }
        if (eos != null && addEos.orElse(eosOtherwise)) {
            after.add(new Template.Piece.Special(List.of(eos), 0));
        }
        List<Template.Piece> single = new ArrayList<>(before);
        single.add(new Template.Piece.Text(0, 0));
        single.addAll(after);
        List<Template.Piece> pair = new ArrayList<>(single);
        pair.addAll(before);
        pair.add(new Template.Piece.Text(1, 1));
        pair.addAll(after);
        return new Template(single, pair);
    }
}
