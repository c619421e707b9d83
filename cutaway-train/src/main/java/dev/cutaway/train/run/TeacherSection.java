package dev.cutaway.train.run;

import dev.cutaway.graph.Graph;
import dev.cutaway.train.Objective;
import java.util.List;

/**
 * A recipe's section {@code teacher}: what a model learns from another beside the labels (Hinton et al., arXiv 1503.02531; hard choices and
 * the second token: Touvron et al., arXiv 2012.12877).
 *
 * @param init the teacher's model
 * @param soft whether its distribution is learnt, not only its choice
 * @param factor how much it counts; the labels count the rest
 * @param temperature by which logits are divided where the distribution is learnt
 */
public record TeacherSection(String init, boolean soft, double factor, double temperature) {
    /** What the teacher says, among an example's labels or numbers. */
    static final String NAME = "teacher";

    static TeacherSection of(RecipeKeys k) {
        return new TeacherSection(
                k.text("teacher.init").orElseThrow(() -> k.missing("teacher.init")),
                k.required("teacher.kind").equals("soft"),
                k.real("teacher.factor"),
                k.real("teacher.temperature"));
    }

    /** The terms of the loss: a model with a head for each learns the labels with one and the teacher with the other. */
    List<Objective.Part> parts(Graph model, double smoothing) {
        String own = model.named("cls_logits").isPresent() ? "cls_logits" : "logits";
        String second = model.named("distillation_logits").isPresent() ? "distillation_logits" : "logits";
        Objective.Part labels = new Objective.Part(own, Objective.LABELS, smoothing).times(1 - factor);
        return List.of(
                labels,
                soft
                        ? Objective.Part.teacher(second, NAME, factor, temperature)
                        : new Objective.Part(second, NAME, 0).times(factor));
    }
}
