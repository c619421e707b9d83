package dev.cutaway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that are damaged or lie, given to commands: always exit code 3 and one line that names the file, what is wrong in it
 * with its value, and a remedy. The files are golden checkpoints, damaged here.
 */
@Timeout(60)
class BadFilesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String EMBEDDING = "model.embed_tokens.weight";

    @TempDir
    private Path dir;

    private Path model = Path.of("");
    private Path weights = Path.of("");

    @BeforeEach
    void copy() {
        model = Command.withWords("llama", dir.resolve("model"));
        weights = model.resolve("model.safetensors");
    }

    private Command run() {
        return Command.run("run", model, "w5 w6", "--max-tokens", 2);
    }

    // ---- safetensors

    /** Writes the weights anew with their header changed. */
    private void header(Consumer<ObjectNode> change) throws IOException {
        byte[] all = Files.readAllBytes(weights);
        int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
        ObjectNode header = (ObjectNode) JSON.readTree(all, 8, length);
        change.accept(header);
        byte[] text = JSON.writeValueAsBytes(header);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .array());
        out.writeBytes(text);
        out.write(all, 8 + length, all.length - 8 - length);
        Files.write(weights, out.toByteArray());
    }

    private void tensor(String name, Consumer<ObjectNode> change) throws IOException {
        header(h -> change.accept((ObjectNode) h.required(name)));
    }

    private static void rewrite(Path file, UnaryOperator<byte[]> change) throws IOException {
        Files.write(file, change.apply(Files.readAllBytes(file)));
    }

    private static byte[] put(byte[] all, int at, long value) {
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        return all;
    }

    @Test
    void truncatedSafetensors() throws IOException {
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(whole, whole.length - 1000));
        run().failed(3, "model.safetensors", "truncated", "download it again");
        Files.write(weights, Arrays.copyOf(whole, 200));
        run().failed(3, "model.safetensors", "header", "200", "download it again");
        Files.write(weights, new byte[5]);
        run().failed(3, "model.safetensors", "5 bytes", "download it again");
        Files.write(weights, new byte[0]);
        run().failed(3, "model.safetensors", "0 bytes", "download it again");
    }

    @Test
    void lyingHeaderLength() throws IOException {
        for (long length : new long[] {Long.MAX_VALUE, -1, 0, 1L << 40}) {
            Path copy = Command.withWords("llama", dir.resolve("length" + length));
            rewrite(copy.resolve("model.safetensors"), all -> put(all, 0, length));
            Command.run("run", copy, "w5")
                    .failed(
                            3,
                            "model.safetensors",
                            "header length " + Long.toUnsignedString(length),
                            "download it again");
        }
        rewrite(weights, all -> put(all, 0, 300)); // an end amid the tensors
        run().failed(3, "model.safetensors", "header", "JSON", "download it again");
    }

    @Test
    void wrongOffsets() throws IOException {
        tensor(EMBEDDING, t -> t.putArray("data_offsets").add(0).add(1L << 50));
        run().failed(3, "model.safetensors", EMBEDDING, Long.toString(1L << 50));
    }

    @Test
    void offsetsThatOverlap() throws IOException {
        header(h -> {
            ArrayNode other = (ArrayNode) h.required("model.norm.weight").required("data_offsets");
            ArrayNode first = (ArrayNode)
                    h.required("model.layers.0.input_layernorm.weight").required("data_offsets");
            first.set(0, other.get(0));
            first.set(1, other.get(1));
        });
        run().failed(3, "model.safetensors", "model.layers.0.mlp.down_proj.weight", "gap");
    }

    @Test
    void offsetsBackwards() throws IOException {
        tensor(EMBEDDING, t -> t.putArray("data_offsets").add(800).add(400));
        run().failed(3, "model.safetensors", EMBEDDING, "800", "400");
    }

    @Test
    void lyingShapes() throws IOException {
        tensor(EMBEDDING, t -> t.putArray("shape").add(1L << 40).add(1L << 40));
        run().failed(3, "model.safetensors", EMBEDDING, Long.toString(1L << 40));
    }

    @Test
    void shapesThatFitTheBytesButNotTheModel() throws IOException {
        tensor(EMBEDDING, t -> {
            ArrayNode shape = (ArrayNode) t.required("shape");
            t.putArray("shape").add(shape.get(1)).add(shape.get(0));
        });
        run().failed(3, "model.safetensors", EMBEDDING, "[20, 97]", "[97, 20]", "configuration", "again");
    }

    @Test
    void negativeShape() throws IOException {
        tensor(EMBEDDING, t -> t.putArray("shape").add(-97).add(20));
        run().failed(3, "model.safetensors", EMBEDDING, "-97");
    }

    @Test
    void unknownElementType() throws IOException {
        tensor(EMBEDDING, t -> t.put("dtype", "F13"));
        run().failed(3, "model.safetensors", EMBEDDING, "F13");
    }

    @Test
    void headerThatIsNoJson() throws IOException {
        rewrite(weights, all -> {
            all[9] = '!';
            return all;
        });
        run().failed(3, "model.safetensors", "header", "JSON");
    }

    @Test
    void missingTensor() throws IOException {
        header(h -> h.set("model.layers.0.nobody.weight", h.remove("model.layers.0.self_attn.q_proj.weight")));
        run().failed(3, "model.safetensors", "model.layers.0.self_attn.q_proj.weight", "missing");
    }

    @Test
    void shards() throws IOException {
        Path t5 = Command.withWords("t5", dir.resolve("t5"));
        Path index = t5.resolve("model.safetensors.index.json");
        Files.delete(t5.resolve("model-00002-of-00003.safetensors"));
        Command.run("translate", t5, "w5").failed(3, "model-00002-of-00003.safetensors", "download");
        String text = Files.readString(index);
        Files.writeString(index, text.replace("model-00002", "../model-00002"));
        Command.run("translate", t5, "w5").failed(3, "index.json", "../model-00002");
        Files.writeString(index, text.substring(0, text.length() / 2));
        Command.run("translate", t5, "w5").failed(3, "index.json", "JSON");
    }

    // ---- config.json

    private void config(Consumer<ObjectNode> change) throws IOException {
        ObjectNode config =
                (ObjectNode) JSON.readTree(model.resolve("config.json").toFile());
        change.accept(config);
        JSON.writeValue(model.resolve("config.json").toFile(), config);
    }

    @Test
    void unknownArchitectureListsTheKnownOnes() throws IOException {
        config(c -> c.put("model_type", "rwkv"));
        run().failed(3, "config.json", "model_type", "rwkv", "llama", "gpt2", "qwen3", "bert", "vit", "t5", "choose");
        config(c -> c.remove("model_type"));
        run().failed(3, "config.json", "model_type", "llama");
    }

    @Test
    void configurationsThatAreWrong() throws IOException {
        config(c -> c.put("hidden_size", "many"));
        run().failed(3, "config.json", "hidden_size", "many");
        config(c -> c.put("hidden_size", -4));
        run().failed(3, "config.json", "hidden_size", "-4");
        config(c -> c.put("hidden_size", 2_000_000_000));
        run().failed(3, "config.json", "width", "2000000000", "correct");
        config(c -> c.put("hidden_size", 21));
        run().failed(3, "model.safetensors", "[97, 20]", "[97, 21]");
        config(c -> c.put("num_hidden_layers", 1_000_000_000));
        run().failed(3, "config.json", "layers", "1000000000", "correct");
        Files.writeString(model.resolve("config.json"), "[" + "[".repeat(100_000));
        run().failed(3, "config.json");
        Files.writeString(model.resolve("config.json"), "");
        run().failed(3, "config.json");
        Files.delete(model.resolve("config.json"));
        run().failed(3, "config.json");
    }

    // ---- what is asked of a good model

    @Test
    void promptLongerThanLearnedPositions() {
        Path gpt2 = Command.withWords("gpt2", dir.resolve("gpt2"));
        Command.run("run", gpt2, String.join(" ", Collections.nCopies(60, "w5")))
                .failed(3, "60 tokens", "context of", "learned", "shorten");
        Path bert = Command.withWords("bert-classes", dir.resolve("bert"));
        Command.run("classify", bert, String.join(" ", Collections.nCopies(600, "w5")))
                .failed(3, "600 tokens", "context of", "shorten");
    }

    @Test
    void tokenIdsOutOfRange() {
        Command.run("run", model, "--tokens", "5,97").failed(3, "97", "position 1", "96");
        Command.run("run", model, "--tokens", "5,-1").failed(3, "--tokens", "-1");
        Command.run("run", model, "--tokens", "5,99999999999").failed(3, "--tokens", "99999999999");
        Command.run("run", model, "--tokens", "5,x").failed(3, "--tokens", "x");
        Command.run("probe", model, "--tokens", "97", "--tensor", "logits", "--out", dir.resolve("o"))
                .failed(3, "97", "96");
        Command.run("translate", Command.model("t5"), "--tokens", "5,1000").failed(3, "1000", "position 1");
        Command.run("tokenize", model, "--decode", "97").failed(3, "97", "96");
    }

    @Test
    void tokenizerThatIsMissingOrDamaged() throws IOException {
        Path tokenizer = model.resolve("tokenizer.json");
        Files.writeString(tokenizer, "{\"model\":{\"type\":\"Guess\"}}");
        run().failed(3, model + "/tokenizer.json", "model.type", "Guess");
        Files.writeString(tokenizer, "{\"model\":");
        run().failed(3, model + "/tokenizer.json", "JSON", "get it again");
        Files.delete(tokenizer);
        Command.run("tokenize", model, "w5").failed(3, "tokenizer.json", model.toString());
        run().failed(3, "tokenizer.json", model.toString());
        Command.run("run", model, "--tokens", "5", "--max-tokens", 1, "--json").done();
    }

    @Test
    void modelsThatAreNot() throws IOException {
        Command.run("run", dir.resolve("nothing"), "x").failed(3, "nothing", "tales", "hf:owner/name");
        Command.run("run", Files.createDirectory(dir.resolve("empty")), "x").failed(3, "empty", "config.json");
        Command.run("run", Files.writeString(dir.resolve("note.txt"), "just a text"), "x")
                .failed(3, "note.txt", "GGUF", "config.json");
        Command.run("run", "hf:no", "x").failed(2, "hf:owner/name");
    }

    // ---- GGUF

    private Path gguf(UnaryOperator<byte[]> change) throws IOException {
        Path file = dir.resolve("model.gguf");
        Files.write(file, change.apply(Files.readAllBytes(Command.GOLDEN.resolve("gguf/llama.gguf"))));
        return file;
    }

    private static Command run(Path gguf) {
        return Command.run("run", gguf, "--tokens", "5,6", "--max-tokens", 2, "--json");
    }

    private static int find(byte[] all, String text) {
        byte[] wanted = text.getBytes(UTF_8);
        for (int i = 0; i < all.length - wanted.length; i++) {
            if (Arrays.equals(all, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        throw new AssertionError(text + " is not in the file");
    }

    /** Replaces a text by another of the same length. */
    private static byte[] replace(byte[] all, String from, String to) {
        System.arraycopy(to.getBytes(UTF_8), 0, all, find(all, from), from.length());
        return all;
    }

    @Test
    void truncatedGguf() throws IOException {
        for (int bytes : new int[] {0, 3, 20, 100, 1000, 80_000}) {
            Path file = gguf(all -> Arrays.copyOf(all, bytes));
            run(file).failed(3, "model.gguf", "again");
        }
        run(gguf(all -> Arrays.copyOf(all, all.length - 500))).failed(3, "model.gguf", "blk.2.attn_v.weight", "again");
    }

    @Test
    void lyingCounts() throws IOException {
        for (long count : new long[] {Long.MAX_VALUE, -1, 1L << 33, 1_000_000}) {
            run(gguf(all -> put(all, 8, count)))
                    .failed(3, "model.gguf", "number of tensors", Long.toUnsignedString(count));
            run(gguf(all -> put(all, 16, count)))
                    .failed(3, "model.gguf", "number of keys", Long.toUnsignedString(count));
            // An array's length, behind its key, its type and its elements' type.
            run(gguf(all -> {
                        String key = "tokenizer.ggml.tokens";
                        return put(all, find(all, key) + key.length() + 8, count);
                    }))
                    .failed(3, "model.gguf", "tokenizer.ggml.tokens", Long.toUnsignedString(count));
        }
        run(gguf(all -> put(all, 8, 3))).failed(3, "model.gguf");
        run(gguf(all -> put(all, 16, 3))).failed(3, "model.gguf");
    }

    @Test
    void otherGgufs() throws IOException {
        run(gguf(all -> replace(all, "GGUF", "GGML"))).failed(3, "model.gguf", "GGUF");
        run(gguf(all -> {
                    all[4] = 9;
                    return all;
                }))
                .failed(3, "model.gguf", "version", "9");
        run(gguf(all -> replace(all, "blk.0.attn_q.weight", "blk.0.attn_Q.weight")))
                .failed(3, "model.gguf", "blk.0.attn_q.weight");
        run(gguf(all -> replace(all, "output_norm.weight", "output_nurm.weight")))
                .failed(3, "model.gguf", "output_norm.weight");
    }

    @Test
    void unknownPreTokenizer() throws IOException {
        Path file = gguf(all -> replace(all, "gpt-2", "gpt-9"));
        Command.run("tokenize", file, "a")
                .failed(3, "model.gguf", "tokenizer.ggml.pre", "gpt-9", "llama-bpe", "choose");
        Command.run("run", file, "a").failed(3, "model.gguf", "tokenizer.ggml.pre", "gpt-9", "llama-bpe", "choose");
        Path other = gguf(all -> {
            int key = find(all, "tokenizer.ggml.model");
            return put(all, key + "tokenizer.ggml.model".length() + 12, 0x7878787878787878L);
        });
        Command.run("tokenize", other, "a").failed(3, "model.gguf");
    }
}
