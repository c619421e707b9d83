package dev.cutaway.cli;

import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.data.PairTexts;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code cutaway eval} takes that measures translations. */
final class PairsArguments {
    @Option(
            names = "--pairs",
            paramLabel = "FILE",
            description = "Sources and targets: TSV, CSV or JSONL, .gz too. Prints BLEU (as sacrebleu) of the "
                    + "translations, several targets of a source its references, and the loss of the targets.")
    private @Nullable Path file;

    @Option(
            names = "--source",
            paramLabel = "FIELD",
            description =
                    "With --pairs: the column's number from 1, in JSONL the field's name; 1 or source by default.")
    private @Nullable String source;

    @Option(names = "--target", paramLabel = "FIELD", description = "With --pairs: likewise; 2 or target by default.")
    private @Nullable String target;

    @Option(names = "--prefix", paramLabel = "TEXT", description = "With --pairs: put before every source.")
    private String prefix = "";

    @Option(
            names = "--beams",
            paramLabel = "N",
            description =
                    "With --pairs: texts followed at a time; 1 by default, which takes the likeliest token each time.")
    private int beams = 1;

    @Option(names = "--limit", paramLabel = "N", description = "With --pairs: the first N sources only.")
    private @Nullable Integer limit;

    /** Whether translations are to be measured. */
    boolean given() {
        return file != null;
    }

    /** Refuses options that mean nothing without pairs. */
    void refuse() {
        if (source != null || target != null || !prefix.isEmpty() || beams != 1 || limit != null) {
            throw new UsageException("--source, --target, --prefix, --beams and --limit belong to --pairs");
        }
    }

    Path file() {
        return Objects.requireNonNull(file);
    }

    /**
     * Reads the pairs.
     *
     * @throws UsageException if an option is out of range
     */
    PairTexts read() {
        if (beams < 1) {
            throw new UsageException("--beams " + beams + ": give a number from 1");
        }
        if (limit != null && limit < 1) {
            throw new UsageException("--limit " + limit + ": give a number from 1");
        }
        String name = String.valueOf(file().getFileName()).toLowerCase(Locale.ROOT);
        boolean named = name.matches(".*\\.(jsonl|json|ndjson)(\\.gz)?");
        return PairTexts.read(
                file(),
                field("--source", source, named ? "source" : "1", named),
                field("--target", target, named ? "target" : "2", named));
    }

    private static String field(String option, @Nullable String given, String otherwise, boolean named) {
        if (given != null && !named && !given.matches("[1-9][0-9]{0,4}")) {
            throw new UsageException(
                    option + " " + given + ": give the column's number from 1; only fields of JSONL have names");
        }
        return given == null ? otherwise : given;
    }

    String prefix() {
        return prefix;
    }

    int beams() {
        return beams;
    }

    /** How many sources are translated at most. */
    int limit() {
        return limit == null ? Integer.MAX_VALUE : limit;
    }
}
