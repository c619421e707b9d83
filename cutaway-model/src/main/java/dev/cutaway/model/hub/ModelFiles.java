package dev.cutaway.model.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which of a repository's files a model needs here: not the copies of its weights for other programs. */
final class ModelFiles {
    static final String WEIGHTS = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private static final long MAX_INDEX = 64L << 20;
    private static final Set<String> SMALL = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "vocab.txt",
            "merges.txt",
            "tokenizer.model",
            "spiece.model",
            "sentencepiece.bpe.model",
            "source.spm",
            "target.spm",
            "chat_template.jinja",
            "chat_template.json",
            "preprocessor_config.json",
            "processor_config.json",
            "modules.json",
            "sentence_bert_config.json",
            "config_sentence_transformers.json");
    /** Each is a tokenizer, {@code vocab.json} together with {@code merges.txt}. */
    private static final Set<String> TOKENIZERS = Set.of(
            "tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model");
    /** What tells how a model's input is made: a model mostly has one of these, and may have none. */
    private static final Set<String> INPUTS = Stream.concat(TOKENIZERS.stream(), Stream.of("preprocessor_config.json"))
            .collect(Collectors.toUnmodifiableSet());
    /** The parts that modules.json of sentence-transformers names. */
    private static final Pattern MODULE =
            Pattern.compile("\\d{1,2}_[A-Za-z]{1,40}/(?:config\\.json|model\\.safetensors)");

    private ModelFiles() {}

    /**
     * The files to download at first, in this order; the shards follow when the index is there.
     *
     * @throws BadInputException where there is no model that could be opened
     */
    static List<String> needed(HubReference model, List<String> all) {
        List<String> needed = new ArrayList<>(small(model, all));
        if (all.contains(WEIGHTS)) {
            needed.add(WEIGHTS);
        } else if (all.contains(INDEX)) {
            needed.add(INDEX);
        } else {
            throw nothing(model, all);
        }
        if (!needed.contains("config.json")) {
            throw new BadInputException(model + ": has no config.json, so nothing tells what its weights are;"
                    + " choose another repository");
        }
        return needed;
    }

    private static List<String> small(HubReference model, List<String> all) {
        return all.stream()
                .filter(file -> SMALL.contains(file) || MODULE.matcher(file).matches())
                .map(file -> SafeNames.checkAnswer(model.toString(), file))
                .toList();
    }

    /**
     * The files to download for the tokenizer alone.
     *
     * @throws BadInputException where there is none
     */
    static List<String> neededForTokenizer(HubReference model, List<String> all) {
        List<String> needed = small(model, all);
        if (needed.stream().noneMatch(TOKENIZERS::contains)) {
            throw all.stream().anyMatch(f -> f.endsWith(".gguf"))
                    ? nothing(model, all)
                    : new BadInputException(model + ": has no tokenizer.json or other file of a tokenizer; choose the"
                            + " repository that its model was made from");
        }
        return needed;
    }

    /** Which files the listing of a repository does not have though opening a model looks for them. */
    static List<String> absent(List<String> all) {
        return INPUTS.stream().filter(f -> !all.contains(f)).sorted().toList();
    }

    private static BadInputException nothing(HubReference model, List<String> all) {
        List<String> gguf =
                all.stream().filter(f -> f.endsWith(".gguf")).sorted().toList();
        if (!gguf.isEmpty()) {
            String some = SafeNames.shown(String.join(", ", gguf.subList(0, Math.min(5, gguf.size()))));
            return new BadInputException(model + ": holds GGUF files; choose one, such as " + model + "/"
                    + SafeNames.shown(gguf.getFirst()) + " (" + gguf.size() + ": " + some + ")");
        }
        boolean pickled = all.stream().anyMatch(f -> f.endsWith(".bin") || f.endsWith(".pt") || f.endsWith(".ckpt"));
        return new BadInputException(model + ": has no model.safetensors"
                + (pickled ? ", only weights that are Python programs and are not run" : "")
                + "; choose another repository");
    }

    /** The shards that an index names. */
    static SequencedSet<String> shards(String where, Path index) {
        try {
            if (Files.size(index) > MAX_INDEX) {
                throw new BadInputException(where + ": the index exceeds " + MAX_INDEX + " bytes; do not use it");
            }
            JsonNode map = new ObjectMapper().readTree(Files.readString(index)).path("weight_map");
            SequencedSet<String> shards = new TreeSet<>();
            for (JsonNode file : map) {
                String name = SafeNames.checkAnswer(where, file.asText());
                if (name.contains("/") || !name.endsWith(".safetensors")) {
                    throw new BadInputException(where + ": the index names the shard '" + SafeNames.shown(name)
                            + "', which is no safetensors file beside it; do not use it");
                }
                shards.add(name);
            }
            if (shards.isEmpty()) {
                throw new BadInputException(where + ": the index names no shards; download it again");
            }
            return shards;
        } catch (JsonProcessingException e) {
            throw new BadInputException(where + ": the index is not JSON; download it again", e);
        } catch (IOException e) {
            throw new BadInputException(where + ": the index cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Whether a snapshot holds a tokenizer. */
    static boolean hasTokenizer(Path snapshot) {
        return TOKENIZERS.stream()
                .filter(f -> !f.equals("vocab.json") || Files.exists(snapshot.resolve("merges.txt")))
                .anyMatch(f -> Files.exists(snapshot.resolve(f)));
    }

    /**
     * Whether a snapshot holds all that opening a model takes.
     *
     * @param absent whether the repository is known not to have a file
     */
    static boolean complete(Path snapshot, Predicate<String> absent) {
        boolean input = INPUTS.stream().anyMatch(f -> Files.exists(snapshot.resolve(f)))
                || INPUTS.stream().allMatch(absent);
        if (!input || !Files.exists(snapshot.resolve("config.json"))) {
            return false;
        }
        if (Files.exists(snapshot.resolve(WEIGHTS))) {
            return true;
        }
        Path index = snapshot.resolve(INDEX);
        return Files.exists(index)
                && shards(index.toString(), index).stream().allMatch(f -> Files.exists(snapshot.resolve(f)));
    }
}
