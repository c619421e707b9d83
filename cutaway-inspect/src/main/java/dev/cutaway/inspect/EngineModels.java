package dev.cutaway.inspect;

import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.tensor.BadInputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Models of the engine to choose from, by what {@link Model#open(String)} takes; each is opened when first chosen. */
public final class EngineModels implements ModelSource {
    private final List<String> names;
    private final OpenOptions options;
    private final Map<String, LookModel> opened = new LinkedHashMap<>();
    private final Map<String, Model> models = new LinkedHashMap<>();

    /**
     * Of these names and no others: a page cannot make the server open files.
     *
     * @param names the one to begin with first
     */
    public EngineModels(List<String> names, OpenOptions options) {
        this.names = List.copyOf(names);
        this.options = options;
    }

    @Override
    public List<String> names() {
        return names;
    }

    @Override
    public synchronized InspectedModel open(String name) {
        if (!names.contains(name)) {
            throw new BadInputException(name + ": is not one of the models that this inspector was started with ("
                    + String.join(", ", names) + ")");
        }
        LookModel there = opened.get(name);
        if (there != null) {
            return there;
        }
        Model model = Model.open(name, options);
        models.put(name, model);
        LookModel look = new LookModel(model);
        opened.put(name, look);
        return look;
    }

    @Override
    public synchronized void close() {
        models.values().forEach(Model::close);
        models.clear();
        opened.clear();
    }
}
