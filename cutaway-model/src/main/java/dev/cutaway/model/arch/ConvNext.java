package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Depthwise;
import dev.cutaway.graph.op.MeanOfRows;
import dev.cutaway.graph.op.Permute;
import dev.cutaway.graph.op.Picking;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** ConvNeXt (arXiv 2201.03545), for contrast: a classifier without attention, whose rows learn of each other by convolutions. */
final class ConvNext implements Architecture {
    private static final int KERNEL = 7;
    /** The eps of all norms but the last; the configuration has no field for it. */
    private static final Norm NORM = Norm.layer(1e-6);

    @Override
    public String name() {
        return "convnext";
    }

    @Override
    public Family family() {
        return Family.VISION;
    }

    @Override
    public String basePrefix() {
        return "convnext.";
    }

    /** Width and hidden neurons are the last stage's; there are no heads, which counts as one. */
    @Override
    public Sizes sizes(Config c) {
        int[] depths = Stages.depths(c, 3, 3, 9, 3);
        int[] widths = Stages.wholes(c, "hidden_sizes", depths.length, 96, 192, 384, 768);
        int width = widths[widths.length - 1];
        int context = ImageSizes.of(c).allRows();
        return new Sizes(Stages.sum(depths), 1, 1, Math.min(width, 65_536), width, 4 * width, 0, context, true);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        sizes(c);
        int[] depths = Stages.depths(c, 3, 3, 9, 3);
        int[] widths = Stages.wholes(c, "hidden_sizes", depths.length, 96, 192, 384, 768);
        ImageSizes image = ImageSizes.of(c);
        Grid grid = Grid.of(image);
        Parts p = Parts.of(g, "", widths[0]);
        String e = "convnext.embeddings.";
        Value patches = g.input("patches", Type.real(p.rows(), Dim.of("pixel", image.patchElements())));
        Value projected = p.linear(patches, Weight.of(e + "patch_embeddings", true), "width", widths[0]);
        Value x = p.name("hook_embed", p.norm("ln_embed.", NORM, projected, e + "layernorm"));
        for (int s = 0; s < depths.length; s++) {
            String stage = "stages." + s + ".";
            p = p.ofWidth(widths[s]);
            boolean halves = s > 0;
            if (halves || x.type().size(1) != widths[s]) {
                Picking.Squares squares = new Picking.Squares(grid.height(), grid.width(), 2, false, false);
                if (squares.along(grid.height()) == 0 || squares.along(grid.width()) == 0) {
                    throw c.bad("image_size", "is too small: nothing is left of it in stage " + s);
                }
                x = smaller(p, grid, squares, stage, x, widths[s]);
                grid = grid.squares(squares);
            }
            for (int i = 0; i < depths[s]; i++) {
                String n = "convnext.encoder.stages." + s + ".layers." + i + ".";
                x = block(c, p, grid, stage + "blocks." + i + ".", n, x);
            }
        }
        Value pooled = p.apply(new MeanOfRows(grid.size()), x);
        Norm last = Norm.layer(c.real("layer_norm_eps", 1e-12));
        Value pooler = p.name("pooler", p.norm("ln_final.", last, pooled, "convnext.layernorm"));
        if (c.texts("architectures").contains("ConvNextForImageClassification")) {
            p.name("logits", p.linear(pooler, Weight.of("classifier", true), "class", Labels.count(c)));
        }
    }

    /** A norm, then a convolution of squares of 2 x 2, each read once: a product of what lies in a square. */
    private static Value smaller(Parts p, Grid grid, Picking.Squares squares, String stage, Value x, int width) {
        String n = "convnext.encoder." + stage + "downsampling_layer.";
        Value normed = p.norm(stage + "downsample.ln.", NORM, x, n + "0");
        Value places = grid.gathered(p, squares, normed); // [square, place, channel]
        // Kernels are kept as [out, channel, y, x].
        Value channels = Grid.joined(p, p.apply(Permute.of(0, 2, 1), places));
        return p.name(stage + "downsample.hook_out", p.linear(channels, Weight.of(n + "1", true), "width", width));
    }

    private static Value block(Config c, Parts p, Grid grid, String block, String n, Value x) {
        int width = x.type().size(1);
        p.name(block + "hook_resid_pre", x);
        Depthwise conv = new Depthwise(new Picking.Around(grid.height(), grid.width(), KERNEL));
        Value kernel = p.weight(n + "dwconv.weight", p.width(), Dim.of("place", conv.places()));
        Value around =
                p.name(block + "hook_conv_out", p.apply(conv, x, kernel, p.weight(n + "dwconv.bias", p.width())));
        Value mlp = p.mlp(
                block,
                p.norm(block + "ln1.", NORM, around, n + "layernorm"),
                Activations.of(c, "hidden_act", "gelu"),
                4 * width,
                Weight.of(n + "pwconv1", true),
                Weight.of(n + "pwconv2", true));
        if (c.real("layer_scale_init_value", 1e-6) > 0) {
            mlp = p.apply(Binary.MULTIPLY, mlp, p.weight(n + "layer_scale_parameter", p.width()));
        }
        return p.add(block + "hook_resid_post", x, p.name(block + "hook_mlp_out", mlp));
    }
}
