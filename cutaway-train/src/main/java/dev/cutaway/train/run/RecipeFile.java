package dev.cutaway.train.run;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * A recipe as it is written: YAML 1.2, of which JSON is a part, with limits on size, nesting, aliases and what they grow to.
 * {@code --set} changes single keys of it.
 */
public final class RecipeFile {
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DEPTH = 32;
    private static final int MAX_VALUES = 20_000;

    private final String name;
    private int values;

    private RecipeFile(String name) {
        this.name = name;
    }

    /**
     * Reads a recipe.
     *
     * @param sets {@code dotted.path=value}, each value as YAML has it
     * @throws BadInputException if the file cannot be read or is no YAML
     * @throws UsageException if a setting is none
     */
    public static Map<String, Object> read(Path file, List<String> sets) {
        Map<String, Object> tree = parse(text(file), file.toString());
        sets.forEach(s -> set(tree, s));
        return tree;
    }

    private static String text(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw new BadInputException(file + ": is a directory; give the recipe's file");
            }
            if (!Files.isRegularFile(file) && Files.exists(file)) {
                throw new BadInputException(file + ": is no file; give the recipe's file");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInputException(
                        file + ": " + Files.size(file) + " bytes; a recipe has at most " + MAX_BYTES);
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; give the recipe's file", e);
        } catch (CharacterCodingException e) {
            throw new BadInputException(file + ": is not UTF-8; save the recipe as UTF-8", e);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** A recipe's text; {@code name} is for messages. */
    static Map<String, Object> parse(String text, String name) {
        Object tree = yaml(text, name);
        if (!(tree instanceof Map<?, ?> m)) {
            throw new BadInputException(name + ": " + (tree == null ? "is empty" : "is not a map of keys")
                    + "; a recipe has keys such as model, data and steps (cutaway train --keys lists them)");
        }
        return new RecipeFile(name).map(m, 0);
    }

    private static @Nullable Object yaml(String text, String name) {
        LoadSettings settings = LoadSettings.builder()
                .setLabel(name)
                .setSchema(new CoreSchema())
                .setAllowDuplicateKeys(false)
                .setMaxAliasesForCollections(50)
                .setCodePointLimit(MAX_BYTES)
                .build();
        try {
            Iterator<Object> documents =
                    new Load(settings).loadAllFromString(text).iterator();
            Object first = documents.hasNext() ? documents.next() : null;
            if (documents.hasNext()) {
                throw new BadInputException(name + ": holds several documents; a recipe is one");
            }
            return first;
        } catch (MarkedYamlEngineException e) {
            String at = e.getProblemMark()
                    .map(m -> ", line " + (m.getLine() + 1) + ", column " + (m.getColumn() + 1))
                    .orElse("");
            throw new BadInputException(name + at + ": " + plain(e.getProblem()) + "; correct the YAML", e);
        } catch (YamlEngineException e) {
            throw new BadInputException(name + ": " + plain(e.getMessage()) + "; correct the YAML", e);
        } catch (StackOverflowError e) {
            throw new BadInputException(name + ": is nested too deeply", e);
        }
    }

    private static String plain(@Nullable String message) {
        return String.valueOf(message).replaceAll("\\s+", " ").strip();
    }

    /** Copies with a budget: aliases may make a small file a huge tree. */
    private Map<String, Object> map(Map<?, ?> from, int depth) {
        Map<String, Object> to = new LinkedHashMap<>();
        from.forEach((k, v) -> {
            if (k instanceof Map || k instanceof List || k == null) {
                throw new BadInputException(name + ": a key is no text; correct the YAML");
            }
            Object copy = copy(v, depth + 1);
            if (copy != null) { // as if it were not there
                to.put(String.valueOf(k), copy);
            }
        });
        return to;
    }

    private @Nullable Object copy(@Nullable Object v, int depth) {
        if (++values > MAX_VALUES || depth > MAX_DEPTH) {
            throw new BadInputException(name + ": has more than " + MAX_VALUES + " values or is nested deeper than "
                    + MAX_DEPTH + "; a recipe is smaller");
        }
        return switch (v) {
            case null -> null;
            case Map<?, ?> m -> map(m, depth);
            case List<?> l -> {
                List<Object> out = new ArrayList<>();
                for (Object o : l) {
                    Object copy = copy(o, depth + 1);
                    if (copy != null) {
                        out.add(copy);
                    }
                }
                yield out;
            }
            case String s -> s;
            case Number n -> n;
            case Boolean b -> b;
            default ->
                throw new BadInputException(name + ": holds a value of a kind that recipes have no use for: " + v);
        };
    }

    @SuppressWarnings("unchecked")
    private static void set(Map<String, Object> tree, String setting) {
        int at = setting.indexOf('=');
        if (at < 1) {
            throw new UsageException("--set " + setting + ": give a key and a value, such as --set optimizer.lr=1e-4");
        }
        String[] path = setting.substring(0, at).strip().split("\\.", -1);
        Object value;
        try {
            Object read = yaml(setting.substring(at + 1), "--set " + setting.substring(0, at));
            value = new RecipeFile("--set").copy(read, 0);
        } catch (BadInputException e) {
            throw new UsageException(String.valueOf(e.getMessage()), e);
        }
        Map<String, Object> inner = tree;
        for (int i = 0; i < path.length - 1; i++) {
            Object next = inner.computeIfAbsent(path[i], k -> new LinkedHashMap<String, Object>());
            if (!(next instanceof Map)) {
                throw new UsageException("--set " + setting + ": " + path[i] + " is no map of keys in the recipe");
            }
            inner = (Map<String, Object>) next;
        }
        String last = path[path.length - 1];
        if (value == null) {
            inner.remove(last);
        } else {
            inner.put(last, value);
        }
    }
}
