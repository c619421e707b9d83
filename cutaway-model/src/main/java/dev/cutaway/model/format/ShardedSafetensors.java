package dev.cutaway.model.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * A checkpoint split into several safetensors files, with an index that says which tensor is where. The index may name
 * files of its own directory only.
 */
final class ShardedSafetensors implements Checkpoint {
    private static final int MAX_SHARDS = 10_000;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(32)
                    .maxNameLength(4096)
                    .maxStringLength(1_000_000)
                    .maxDocumentLength(SafetensorsHeader.MAX_HEADER)
                    .build())
            .build();

    private final Path index;
    private final SequencedMap<String, Safetensors> where; // tensor -> shard
    private final Map<String, Safetensors> shards; // file name -> shard

    private ShardedSafetensors(Path index, SequencedMap<String, Safetensors> where, Map<String, Safetensors> shards) {
        this.index = index;
        this.where = where;
        this.shards = shards;
    }

    static ShardedSafetensors open(Path index) {
        MappedFile.requireRegular(index);
        SequencedMap<String, String> names = readIndex(index);
        SequencedMap<String, Safetensors> where = new LinkedHashMap<>();
        Map<String, Safetensors> shards = new LinkedHashMap<>();
        try {
            names.forEach((tensor, file) -> {
                Safetensors shard = shards.computeIfAbsent(file, f -> shard(index, f));
                if (shard.entry(tensor).isEmpty()) {
                    throw new BadInputException(index + ": says that tensor " + tensor + " is in " + file
                            + ", which has no such tensor; download the model again");
                }
                where.put(tensor, shard);
            });
        } catch (RuntimeException e) {
            shards.values().forEach(Safetensors::close);
            throw e;
        }
        return new ShardedSafetensors(index, where, shards);
    }

    private static Safetensors shard(Path index, String file) {
        Path path = index.resolveSibling(file);
        if (!Files.exists(path)) {
            throw new BadInputException(
                    path + ": is not there, but " + index.getFileName() + " names it; download this file too");
        }
        return Safetensors.open(path);
    }

    private static SequencedMap<String, String> readIndex(Path index) {
        SequencedMap<String, String> names = new LinkedHashMap<>();
        try (InputStream in = Files.newInputStream(index);
                JsonParser json = JSON.createParser(in)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw bad(index, "is not a JSON object");
            }
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                json.nextToken();
                if (key.equals("weight_map")) {
                    readWeightMap(index, json, names);
                } else {
                    json.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    index + ": is not valid JSON (" + MappedFile.reason(new IOException(e.getOriginalMessage()))
                            + "); download it again",
                    e);
        } catch (IOException e) {
            throw new BadInputException(index + ": cannot be read (" + MappedFile.reason(e) + ")", e);
        }
        if (names.isEmpty()) {
            throw bad(index, "has no weight_map");
        }
        return names;
    }

    private static void readWeightMap(Path index, JsonParser json, Map<String, String> names) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw bad(index, "has a weight_map that is not an object");
        }
        Map<String, Boolean> files = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String tensor = json.currentName();
            String file = json.nextToken() == JsonToken.VALUE_STRING ? json.getText() : "";
            checkShardName(index, tensor, file);
            files.put(file, true);
            if (files.size() > MAX_SHARDS) {
                throw bad(index, "names more than " + MAX_SHARDS + " files");
            }
            if (names.put(tensor, file) != null) {
                throw bad(index, "names tensor " + tensor + " twice");
            }
        }
    }

    private static void checkShardName(Path index, String tensor, String file) {
        boolean plain = file.endsWith(".safetensors")
                && file.length() <= 255
                && file.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
        if (!plain) {
            String shown = file.length() > 80 ? file.substring(0, 80) + "..." : file;
            throw bad(
                    index,
                    "puts tensor " + tensor + " into \"" + shown.replaceAll("\\p{Cntrl}", "?")
                            + "\", which is not a .safetensors file of the same directory");
        }
    }

    private static BadInputException bad(Path index, String what) {
        return new BadInputException(index + ": " + what + "; download the model again");
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(where.sequencedKeySet());
    }

    private Optional<Safetensors> shard(String name) {
        return Optional.ofNullable(where.get(name));
    }

    @Override
    public Optional<TensorEntry> entry(String name) {
        return shard(name).flatMap(s -> s.entry(name));
    }

    @Override
    public Optional<Tensor> tensor(String name) {
        return shard(name).flatMap(s -> s.tensor(name));
    }

    @Override
    public Map<String, Object> metadata() {
        return shards.values().iterator().next().metadata();
    }

    @Override
    public Path file() {
        return index;
    }

    @Override
    public Path file(String name) {
        return shard(name).map(Safetensors::file).orElse(index);
    }

    @Override
    public void close() {
        shards.values().forEach(Safetensors::close);
    }

    @Override
    public String toString() {
        return index + " (" + where.size() + " tensors in " + shards.size() + " files)";
    }
}
