package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The pairs of a table as {@code data.pairs} of a recipe reads them (TSV, CSV, JSONL, {@code .gz} too), as texts, those of one source
 * together: what translations are measured by.
 *
 * @param targets the targets of each source, in the file's order
 * @param complaints what was left out
 */
public record PairTexts(Map<String, List<String>> targets, List<String> complaints) {
    /**
     * Reads a file.
     *
     * @param source the field that is read: a number of a column from 1, or in JSONL a name
     * @param target the field that is to be written
     * @throws BadInputException if there is no pair
     */
    public static PairTexts read(Path file, String source, String target) {
        if (!Files.exists(file)) {
            throw new BadInputException(file + ": no such file; give a table of sources and targets");
        }
        Map<String, List<String>> targets = new LinkedHashMap<>();
        Complaints complaints = new Complaints();
        Table table = new Table(List.of(file), Optional.empty(), false, List.of());
        table.each(List.of(source, target), complaints, row -> {
            if (row.get(0).isBlank() || row.get(1).isBlank()) {
                String which = row.get(0).isBlank() ? "source" : "target";
                complaints.add(row.file(), row.line(), "has an empty " + which + "; left out");
            } else {
                targets.computeIfAbsent(row.get(0), _ -> new ArrayList<>()).add(row.get(1));
            }
        });
        if (targets.isEmpty()) {
            throw new BadInputException(file + ": holds no pair"
                    + complaints.firstOne().map(c -> " (" + c + ")").orElse("; it is empty"));
        }
        return new PairTexts(targets, complaints.list());
    }
}
