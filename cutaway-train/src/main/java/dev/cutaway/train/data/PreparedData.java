package dev.cutaway.train.data;

import dev.cutaway.model.Family;
import dev.cutaway.model.format.Safetensors;
import java.nio.file.Path;

/**
 * Batches that were made elsewhere.
 *
 * @param file safetensors with the tensors that Hugging Face's models take, the first dimension of each the examples
 * @param shuffled whether each epoch has its own order; else the file's
 */
record PreparedData(Path file, boolean shuffled) {
    static PreparedData of(Keys keys) {
        PreparedData data = new PreparedData(
                keys.file("batches"),
                keys.choice("order", "sequential", "sequential", "shuffled").equals("shuffled"));
        keys.done();
        return data;
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        Safetensors tensors = Safetensors.open(file);
        try {
            Prepared checked = new Prepared(tensors, task, context);
            Source source =
                    context.family() == Family.VISION ? new PreparedImages(checked) : new PreparedTexts(checked);
            Order order = new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut);
            return new Drawn(source, order);
        } catch (RuntimeException e) {
            tensors.close();
            throw e;
        }
    }
}
