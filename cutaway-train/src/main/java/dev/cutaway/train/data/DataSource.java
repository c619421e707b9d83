package dev.cutaway.train.data;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes {@link Batches} from the {@code data} of a recipe. */
public final class DataSource {
    private DataSource() {}

    /**
     * The data to learn from. Everything is read and checked now; what is broken beyond use ends here.
     *
     * @param data the recipe's map {@code data}
     * @param objective the recipe's {@code objective}
     * @throws UsageException if the recipe asks for what is not known or does not go together
     * @throws dev.cutaway.tensor.BadInputException if a file is missing, empty, or not what it should be
     */
    public static Batches of(Map<String, Object> data, String objective, DataContext context) {
        Map<String, Object> own = new LinkedHashMap<>(data);
        own.remove("valid");
        return open("data", own, Task.of(objective), context, false);
    }

    /**
     * The data to measure with, from {@code data.valid}: in order, each example once in a pass, nothing augmented, masks the same
     * in every pass. What the section does not say is as in {@code data}, so that it need only name its files.
     *
     * @return empty if the recipe has no such section
     */
    public static Optional<Batches> valid(Map<String, Object> data, String objective, DataContext context) {
        return new Keys("data", data)
                .inner("valid")
                .map(section -> open("data.valid", heldOut(data, section, context), Task.of(objective), context, true));
    }

    /** What {@code data.valid} means: its own keys, and those of {@code data} that it does not say. */
    private static Map<String, Object> heldOut(
            Map<String, Object> data, Map<String, Object> section, DataContext context) {
        Map<String, Object> all = new LinkedHashMap<>(data);
        all.remove("valid");
        Kind kind = Kind.of("data", all);
        boolean images = kind == Kind.IMAGES || kind == Kind.CAPTIONS;
        if (images && "computed".equals(all.get("normalise"))) {
            Keys keys = new Keys("data", new LinkedHashMap<>(all));
            Levels levels = kind == Kind.IMAGES
                    ? ImageData.of(keys).levels(context)
                    : CaptionData.of(keys).levels(context);
            all.remove("normalise");
            all.put("mean", levels.mean());
            all.put("std", levels.deviation());
        }
        boolean others = Kind.find(section).isPresent();
        if (others && !Kind.find(section).equals(Optional.of(kind))) {
            all.keySet().retainAll(List.of("dir"));
        }
        if (others) {
            all.remove("sha256"); // of the files that the section replaces
        }
        all.keySet().removeAll(List.of("subset", "order"));
        all.putAll(section);
        return all;
    }

    /**
     * The names of the classes in the data, in the order of their numbers: what {@code id2label} of a new classifier is to say
     * before its model is made. Those the recipe gives; else all that occur, sorted.
     *
     * @return empty where the data has no names: numbers to be predicted, prepared batches, IDX files
     */
    public static List<String> classes(Map<String, Object> data) {
        Map<String, Object> own = new LinkedHashMap<>(data);
        own.remove("valid");
        Keys keys = new Keys("data", own);
        return switch (Kind.of("data", own)) {
            case LABELLED -> LabelledData.of(keys).classes();
            case IMAGES -> ImageData.of(keys).classes();
            default -> List.of();
        };
    }

    private static Batches open(
            String where, Map<String, Object> data, Task task, DataContext context, boolean heldOut) {
        task.requireFor(context.family(), context.architecture());
        Keys keys = new Keys(where, data);
        Kind kind = Kind.of(where, data);
        boolean seen = kind == Kind.IMAGES || kind == Kind.CAPTIONS;
        if (context.family() == Family.DECODER && context.readsImages() && !seen) {
            throw new UsageException(where + "." + kind.key() + ": model_type " + context.architecture()
                    + " learns words about images; give data.captions, or data.images with data.templates");
        }
        return switch (kind) {
            case BATCHES -> PreparedData.of(keys).open(task, context, heldOut);
            case TEXT -> TextData.of(keys, task).open(task, context, heldOut);
            case CHAT -> ChatData.of(keys).open(task, context, heldOut);
            case PAIRS -> PairData.of(keys, context).open(task, context, heldOut);
            case LABELLED -> LabelledData.of(keys).open(task, context, heldOut);
            case IMAGES -> ImageData.of(keys).open(task, context, heldOut);
            case CAPTIONS -> CaptionData.of(keys).open(task, context, heldOut);
            case SENTENCES -> SentenceData.of(keys).open(task, context, heldOut);
        };
    }
}
