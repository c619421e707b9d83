package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Norms of gradient, weight and update by part of the model. When there are more measurements than a drawing has columns, several
 * become one, and of these the largest stays, as everywhere in the inspector; the column says how many it stands for.
 */
final class RunNorms {
    private static final String[] MEASURES = {"grad", "weight", "update"};
    private static final int MOST_COLUMNS = 1_000;
    private static final int MOST_PARTS = 512;

    /** Measurements from one step to another; values by measure and part. */
    private static final class Column {
        private final long first;
        private long last;
        private int count = 1;
        private double[][] values;

        Column(long step, double[][] values) {
            this.first = step;
            this.last = step;
            this.values = values;
        }

        void merge(Column later) {
            last = later.last;
            count += later.count;
            for (int m = 0; m < MEASURES.length; m++) {
                double[] own = Arrays.copyOf(values[m], Math.max(values[m].length, later.values[m].length));
                Arrays.fill(own, values[m].length, own.length, Double.NaN);
                for (int p = 0; p < later.values[m].length; p++) {
                    double v = later.values[m][p];
                    own[p] = Double.isNaN(own[p]) || v > own[p] ? v : own[p];
                }
                values[m] = own;
            }
        }
    }

    private final Map<String, Integer> parts = new LinkedHashMap<>();
    private List<Column> columns = new ArrayList<>();
    private int each = 1;
    private int shape;

    /** Changes when what was sent before must be forgotten: columns were put together, or there is another part. */
    int shape() {
        return shape;
    }

    void clear() {
        parts.clear();
        columns.clear();
        each = 1;
        shape++;
    }

    void cut(long last) {
        if (columns.removeIf(c -> c.last > last)) {
            shape++;
        }
    }

    /** The step with which the last column begins. */
    long last() {
        return columns.isEmpty() ? 0 : columns.getLast().first;
    }

    void add(long step, JsonNode norms) {
        norms.fieldNames().forEachRemaining(name -> {
            if (!parts.containsKey(name) && parts.size() < MOST_PARTS) {
                parts.put(name, parts.size());
                shape++;
            }
        });
        double[][] values = new double[MEASURES.length][parts.size()];
        for (int m = 0; m < MEASURES.length; m++) {
            int measure = m;
            parts.forEach((name, p) -> values[measure][p] =
                    norms.path(name).path(MEASURES[measure]).asDouble(Double.NaN));
        }
        Column column = new Column(step, values);
        if (!columns.isEmpty() && columns.getLast().count < each) {
            columns.getLast().merge(column);
        } else {
            columns.add(column);
        }
        if (columns.size() > MOST_COLUMNS) {
            halve();
        }
    }

    private void halve() {
        List<Column> half = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            if (i % 2 == 0) {
                half.add(columns.get(i));
            } else {
                half.getLast().merge(columns.get(i));
            }
        }
        columns = half;
        each *= 2;
        shape++;
    }

    /** The columns that begin at a step or later. */
    ObjectNode sent(long from) {
        ObjectNode out = Wire.object().put("from", from);
        out.set("parts", Wire.tree(parts.keySet()));
        ArrayNode list = out.putArray("columns");
        for (Column c : columns) {
            if (c.first < from) {
                continue;
            }
            ArrayNode one = list.addArray().add(c.first).add(c.last).add(c.count);
            for (double[] measure : c.values) {
                ArrayNode of = one.addArray();
                Arrays.stream(measure).forEach(v -> Wire.add(of, v));
            }
        }
        return out;
    }
}
