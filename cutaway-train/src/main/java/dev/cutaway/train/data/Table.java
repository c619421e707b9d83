package dev.cutaway.train.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Rows with fields: TSV (split at tabs, no quotes), CSV (RFC 4180), JSONL (an object a line).
 *
 * @param files read one after the other, {@code .gz} too
 * @param format tsv, csv or jsonl; empty: by the file's name
 * @param header whether the first line of a TSV or CSV file names the columns
 * @param columns names of the columns where the file has none
 */
record Table(List<Path> files, Optional<String> format, boolean header, List<String> columns) {
    private static final JsonMapper JSON = new JsonMapper();

    Table {
        files = List.copyOf(files);
        columns = List.copyOf(columns);
        if (header && !columns.isEmpty()) {
            throw new UsageException("data.columns names columns that data.header takes from the file; leave one out");
        }
    }

    static Table of(Keys keys, String key) {
        return new Table(
                keys.files(key),
                keys.has("format") ? Optional.of(keys.choice("format", "", "tsv", "csv", "jsonl")) : Optional.empty(),
                keys.flag("header", false),
                keys.texts("columns"));
    }

    /**
     * One row's wanted fields.
     *
     * @param file where it stands
     * @param line its last line, from 1
     * @param values in the order in which they were asked for
     */
    record Row(Path file, long line, List<String> values) {
        String get(int i) {
            return values.get(i);
        }
    }

    /**
     * Reads all rows that have all wanted fields; the others are complained of.
     *
     * @param wanted names of fields, or numbers of columns from 1
     */
    void each(List<String> wanted, Complaints complaints, Consumer<Row> sink) {
        for (Path file : files) {
            try (Lines lines = new Lines(file, complaints)) {
                switch (formatOf(file)) {
                    case "jsonl" -> objects(file, lines, wanted, complaints, sink);
                    case "csv" -> cells(file, lines, true, wanted, complaints, sink);
                    default -> cells(file, lines, false, wanted, complaints, sink);
                }
            }
        }
    }

    private String formatOf(Path file) {
        String name = DataFiles.plainName(file).toLowerCase(Locale.ROOT);
        return format.orElse(
                name.endsWith(".jsonl") || name.endsWith(".json") || name.endsWith(".ndjson")
                        ? "jsonl"
                        : name.endsWith(".csv") ? "csv" : "tsv");
    }

    private static void objects(
            Path file, Lines lines, List<String> wanted, Complaints complaints, Consumer<Row> sink) {
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (line.isBlank()) {
                continue;
            }
            JsonNode node = object(file, lines.number(), line, complaints);
            if (node != null) {
                values(file, lines.number(), node, wanted, complaints).ifPresent(sink);
            }
        }
    }

    /** The object of a line; null, and a complaint, if there is none. */
    static @Nullable JsonNode object(Path file, long number, String line, Complaints complaints) {
        try {
            JsonNode node = JSON.readTree(line);
            if (node != null && node.isObject()) {
                return node;
            }
            complaints.add(file, number, "is no JSON object; left out");
        } catch (JsonProcessingException e) {
            String reason = e.getOriginalMessage().lines().findFirst().orElse("");
            complaints.add(
                    file,
                    number,
                    "is not JSON (" + (reason.length() > 80 ? reason.substring(0, 80) + "..." : reason)
                            + "); left out");
        }
        return null;
    }

    private static Optional<Row> values(
            Path file, long line, JsonNode node, List<String> wanted, Complaints complaints) {
        List<String> out = new ArrayList<>();
        for (String name : wanted) {
            JsonNode v = node.get(name);
            if (v == null || !v.isValueNode() || v.isNull()) {
                complaints.add(file, line, "has no text under " + name + "; left out");
                return Optional.empty();
            }
            out.add(v.asText());
        }
        return Optional.of(new Row(file, line, out));
    }

    private void cells(
            Path file, Lines lines, boolean quotes, List<String> wanted, Complaints complaints, Consumer<Row> sink) {
        List<String> names = columns;
        if (header) {
            names = row(lines, quotes, file, complaints);
            if (names == null) {
                throw new BadInputException(file + ": is empty; its first line must name the columns");
            }
        }
        int[] at = indices(file, names, wanted);
        for (List<String> row = row(lines, quotes, file, complaints);
                row != null;
                row = row(lines, quotes, file, complaints)) {
            pick(file, lines.number(), row, at, complaints).ifPresent(sink);
        }
    }

    private static Optional<Row> pick(Path file, long line, List<String> row, int[] at, Complaints complaints) {
        if (row.size() == 1 && row.getFirst().isBlank()) {
            return Optional.empty();
        }
        List<String> out = new ArrayList<>();
        for (int i : at) {
            if (i >= row.size()) {
                complaints.add(
                        file, line, "has " + row.size() + " columns, column " + (i + 1) + " is wanted; left out");
                return Optional.empty();
            }
            out.add(row.get(i));
        }
        return Optional.of(new Row(file, line, out));
    }

    private static int[] indices(Path file, List<String> names, List<String> wanted) {
        int[] at = new int[wanted.size()];
        for (int i = 0; i < at.length; i++) {
            String w = wanted.get(i);
            at[i] = names.indexOf(w);
            if (at[i] < 0 && w.matches("[1-9][0-9]{0,4}")) {
                at[i] = Integer.parseInt(w) - 1;
            }
            if (at[i] < 0) {
                throw new UsageException(file + ": has no column " + w + "; "
                        + (names.isEmpty()
                                ? "give its number from 1, or name the columns (data.columns, or data.header: true)"
                                : "there are " + String.join(", ", names)));
            }
        }
        return at;
    }

    private static @Nullable List<String> row(Lines lines, boolean quotes, Path file, Complaints complaints) {
        while (true) {
            String line = lines.next();
            if (line == null) {
                return null;
            }
            if (!quotes) {
                return List.of(line.split("\t", -1));
            }
            List<String> row = quoted(line, lines);
            if (row != null) {
                return row;
            }
            complaints.add(file, lines.number(), "ends inside a quoted field; left out");
        }
    }

    /** The fields of a CSV record, which may go on over several lines; null if the file ends inside a quoted one. */
    private static @Nullable List<String> quoted(String first, Lines lines) {
        List<String> row = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        String line = first;
        boolean inside = false;
        for (int i = 0; ; i++) {
            if (i == line.length()) {
                if (!inside) {
                    row.add(field.toString());
                    return row;
                }
                String next = lines.next();
                if (next == null || field.length() > 1 << 24) {
                    return null;
                }
                field.append('\n');
                line = next;
                i = -1;
                continue;
            }
            char c = line.charAt(i);
            if (inside && c == '"' && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                field.append('"');
                i++;
            } else if (c == '"' && (inside || field.isEmpty())) {
                inside = !inside;
            } else if (c == ',' && !inside) {
                row.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
    }
}
