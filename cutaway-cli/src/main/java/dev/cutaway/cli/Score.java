package dev.cutaway.cli;

import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was right, of all images and of each class. */
final class Score {
    private static final int SHOWN = 5;

    private final List<String> names;
    private final ClassNames said;
    private final int[] images;
    private final int[] right;
    private final List<String> shown = new ArrayList<>();
    private double loss;

    Score(List<String> names) {
        this.names = names;
        this.said = new ClassNames(names);
        this.images = new int[names.size()];
        this.right = new int[names.size()];
    }

    void classified(int label, float[] logits) {
        if (logits.length != names.size()) {
            throw new UsageException(
                    "the model has " + logits.length + " classes; " + names.size() + " names are given");
        }
        int best = 0;
        for (int c = 1; c < logits.length; c++) {
            best = logits[c] > logits[best] ? c : best;
        }
        loss += Losses.logSum(logits) - logits[label];
        count(label, best == label);
    }

    void captioned(int label, String caption) {
        if (shown.size() < SHOWN) {
            shown.add(caption + "  (" + names.get(label) + ")");
        }
        count(label, said.in(caption).equals(List.of(label)));
    }

    private void count(int label, boolean isRight) {
        images[label]++;
        right[label] += isRight ? 1 : 0;
    }

    private static int sum(int[] x) {
        return Arrays.stream(x).sum();
    }

    void print(double perSecond, boolean words, boolean json, Out out) {
        int n = sum(images);
        double share = (double) sum(right) / n;
        if (json) {
            List<Object> by = new ArrayList<>();
            for (int c = 0; c < images.length; c++) {
                by.add(Json.object("label", names.get(c), "images", images[c], "right", right[c]));
            }
            Map<String, Object> all = Json.object("accuracy", share, "right", sum(right), "images", n);
            if (words) {
                all.put("captions", shown);
            } else {
                all.put("loss", loss / n);
            }
            all.put("classes", by);
            all.put("images_per_s", perSecond);
            out.line(Json.of(all));
            return;
        }
        String what = words ? "of the captions name the right class" : "of the images are classified right";
        out.text(String.format(Locale.ROOT, "%.2f %% %s: %d of %d%n", 100 * share, what, sum(right), n));
        if (!words) {
            out.text(String.format(Locale.ROOT, "loss      %.4f%n", loss / n));
        }
        out.text(String.format(Locale.ROOT, "images/s  %.1f%n", perSecond));
        Table table = new Table("class", "images", "right");
        for (int c = 0; c < images.length; c++) {
            table.row(
                    names.get(c),
                    Integer.toString(images[c]),
                    images[c] == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", 100.0 * right[c] / images[c]));
        }
        table.printLeft(out);
        shown.forEach(out::line);
    }
}
