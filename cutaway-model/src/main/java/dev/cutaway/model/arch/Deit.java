package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Choose;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Pick;
import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.List;
import java.util.function.Predicate;

/** DeiT (arXiv 2012.12877): {@link Vit} with a second token, which learns from a teacher. */
final class Deit implements Architecture {
    @Override
    public String name() {
        return "deit";
    }

    @Override
    public Family family() {
        return Family.VISION;
    }

    @Override
    public int classRows(Config c) {
        return 2;
    }

    @Override
    public String basePrefix() {
        return "deit.";
    }

    @Override
    public Sizes sizes(Config c) {
        return Vit.sizesOf(c);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        ImageSizes image = ImageSizes.of(c);
        Parts p = Parts.of(g, "", s.width());
        String e = "deit.embeddings.";
        Value patches = g.input("patches", Type.real(p.rows(), Dim.of("pixel", image.patchElements())));
        Value projected = p.linear(patches, Weight.of(e + "patch_embeddings.projection", true), "width", s.width());
        Value position = p.ints("position");
        Value pupil = p.apply(new Choose(0), position, p.weight(e + "cls_token", p.width()), projected);
        Value both = p.apply(new Choose(1), position, p.weight(e + "distillation_token", p.width()), pupil);
        Value x = Vit.body(c, p, "deit.", p.name("hook_embed", both), s);
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-12));
        Value last = p.norm("ln_final.", norm, x, "deit.layernorm");
        List<String> heads = c.texts("architectures");
        if (heads.contains("DeiTForImageClassificationWithTeacher")) {
            int classes = Labels.count(c);
            Value own = p.linear(p.apply(new First(), last), Weight.of("cls_classifier", true), "class", classes);
            Value second = p.linear(second(p, last), Weight.of("distillation_classifier", true), "class", classes);
            p.name("cls_logits", own);
            p.name("distillation_logits", second);
            p.name("logits", p.scale(p.sum(own, second), 0.5));
        } else if (heads.contains("DeiTForImageClassification")) {
            p.name(
                    "logits",
                    p.linear(p.apply(new First(), last), Weight.of("classifier", true), "class", Labels.count(c)));
        } else if (has.test("deit.pooler.dense.weight")) {
            Unary f = Activations.of(c, "pooler_act", "tanh");
            int width = c.positive("pooler_output_size", s.width());
            Value y = p.linear(p.apply(new First(), last), Weight.of("deit.pooler.dense", true), "width", width);
            p.name("pooler", p.apply(f, y));
        }
    }

    private static Value second(Parts p, Value rows) {
        Pick pick = new Pick(new Picking.Row(1), List.of(p.rows()), List.of(Dim.of(Space.SEQUENCES)));
        return p.apply(pick, rows);
    }
}
