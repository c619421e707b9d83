package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.MeanOfRows;
import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.WindowAttention;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** Swin (arXiv 2103.14030): attention within windows, shifted in every other block; stages with ever fewer and wider rows. */
final class Swin implements Architecture {
    @Override
    public String name() {
        return "swin";
    }

    @Override
    public Family family() {
        return Family.VISION;
    }

    @Override
    public String basePrefix() {
        return "swin.";
    }

    /** Heads, width and hidden neurons are the last stage's. */
    @Override
    public Sizes sizes(Config c) {
        int[] depths = Stages.depths(c, 2, 2, 6, 2);
        int[] heads = Stages.wholes(c, "num_heads", depths.length, 3, 6, 12, 24);
        int width = width(c, depths.length - 1);
        int last = heads[depths.length - 1];
        for (int s = 0; s < heads.length; s++) {
            if (width(c, s) % heads[s] != 0) {
                throw c.bad(
                        "num_heads",
                        "has " + heads[s] + " for stage " + s + " of width " + width(c, s)
                                + ", which they do not divide");
            }
        }
        return new Sizes(
                Stages.sum(depths),
                last,
                last,
                width / last,
                width,
                (int) (c.real("mlp_ratio", 4) * width),
                0,
                ImageSizes.of(c).allRows(),
                true);
    }

    private static int width(Config c, int stage) {
        long width = (long) c.positive("embed_dim", 96) << stage;
        if (stage > 20 || width > 1 << 24) {
            throw c.bad("embed_dim", "is too large for so many stages");
        }
        return (int) width;
    }

    /** What all blocks of a stage have in common. */
    private record Stage(Config c, Parts p, Grid grid, Norm norm, int heads, int hidden) {}

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        sizes(c);
        int[] depths = Stages.depths(c, 2, 2, 6, 2);
        int[] heads = Stages.wholes(c, "num_heads", depths.length, 3, 6, 12, 24);
        Grid grid = Grid.of(ImageSizes.of(c));
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-5));
        Parts p = Parts.of(g, "", width(c, 0));
        Value x = embed(c, p);
        for (int s = 0; s < depths.length; s++) {
            int width = width(c, s);
            p = p.ofWidth(width);
            Stage stage = new Stage(c, p, grid, norm, heads[s], (int) (c.real("mlp_ratio", 4) * width));
            for (int i = 0; i < depths[s]; i++) {
                String n = "swin.encoder.layers." + s + ".blocks." + i + ".";
                x = block(stage, "stages." + s + ".blocks." + i + ".", n, x, i % 2 == 1);
            }
            if (s + 1 < depths.length) {
                String n = "swin.encoder.layers." + s + ".downsample.";
                Picking.Squares squares = new Picking.Squares(grid.height(), grid.width(), 2, true, true);
                Value four = Grid.joined(p, grid.gathered(p, squares, x));
                // The norm of torch.nn's own default, whatever the configuration says.
                Value normed = p.norm("stages." + s + ".downsample.ln.", Norm.layer(1e-5), four, n + "norm");
                x = p.linear(normed, Weight.of(n + "reduction", false), "width", 2 * width);
                p.name("stages." + s + ".downsample.hook_out", x);
                grid = grid.squares(squares);
            }
        }
        Value last = p.norm("ln_final.", norm, x, "swin.layernorm");
        Value pooled = p.name("pooler", p.apply(new MeanOfRows(grid.size()), last));
        if (c.texts("architectures").contains("SwinForImageClassification")) {
            p.name("logits", p.linear(pooled, Weight.of("classifier", true), "class", Labels.count(c)));
        }
    }

    private static Value embed(Config c, Parts p) {
        ImageSizes image = ImageSizes.of(c);
        Stages.checkWhole(c, image);
        String e = "swin.embeddings.";
        Value patches = p.graph().input("patches", Type.real(p.rows(), Dim.of("pixel", image.patchElements())));
        Value projected = p.linear(patches, Weight.of(e + "patch_embeddings.projection", true), "width", width(c, 0));
        Value x = p.name("hook_embed", p.norm("ln_embed.", Norm.layer(1e-5), projected, e + "norm"));
        if (!c.flag("use_absolute_embeddings", false)) {
            return x;
        }
        Value position = p.lookup(e + "position_embeddings", "position", image.patches(), p.ints("position"));
        return p.sum(x, p.name("hook_pos_embed", position));
    }

    private static Value block(Stage s, String block, String n, Value x, boolean shifted) {
        Parts p = s.p;
        p.name(block + "hook_resid_pre", x);
        Value normed = p.norm(block + "ln1.", s.norm, x, n + "layernorm_before");
        Value attn = p.name(block + "hook_attn_out", attention(s, block, n, normed, shifted));
        Value mid = p.add(block + "hook_resid_mid", x, attn);
        Value mlp = p.mlp(
                block,
                p.norm(block + "ln2.", s.norm, mid, n + "layernorm_after"),
                Activations.of(s.c, "hidden_act", "gelu"),
                s.hidden,
                Weight.of(n + "intermediate.dense", true),
                Weight.of(n + "output.dense", true));
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }

    private static Value attention(Stage s, String block, String n, Value x, boolean shifted) {
        Parts p = s.p;
        int size = s.c.positive("window_size", 7);
        int least = Math.min(s.grid.height(), s.grid.width());
        if (least < size) {
            throw s.c.bad(
                    "window_size",
                    "is " + size + ", but a stage's grid is " + s.grid.height() + " x " + s.grid.width()
                            + "; each grid must be as large as a window");
        }
        int shift = shifted && least > size ? size / 2 : 0;
        Grid grid = padded(s.grid, size);
        Picking.Windows windows = new Picking.Windows(grid.height(), grid.width(), size, shift);
        int width = x.type().size(1);
        int headSize = width / s.heads;
        boolean bias = s.c.flag("qkv_bias", true);
        String at = block + "attn.";
        String a = n + "attention.";
        Value rows = s.grid.padded(p, grid, x);
        Dim head = Dim.of("head", s.heads);
        Reshape split = Reshape.to(grid.rows(), head, Dim.of("head size", headSize));
        Value q = p.linear(rows, Weight.of(a + "self.query", bias), "heads", width);
        Value k = p.linear(rows, Weight.of(a + "self.key", bias), "heads", width);
        Value v = p.linear(rows, Weight.of(a + "self.value", bias), "heads", width);
        Value table =
                p.weight(a + "self.relative_position_bias_table", Dim.of("place", Picking.Relative.rows(size)), head);
        WindowAttention op =
                new WindowAttention(1 / Math.sqrt(headSize), windows, s.grid.height(), s.grid.width(), s.grid.rows());
        Value z = p.graph()
                .addScoped(
                        at,
                        op,
                        p.name(at + "hook_q", p.apply(split, q)),
                        p.name(at + "hook_k", p.apply(split, k)),
                        p.name(at + "hook_v", p.apply(split, v)),
                        table);
        Value w = p.weight(a + "output.dense.weight", p.width(), Dim.of("heads", width));
        return p.graph().addScoped(at, new HeadsOut(), z, w, p.weight(a + "output.dense.bias", p.width()));
    }

    /** The least grid that whole windows fill. */
    private static Grid padded(Grid g, int size) {
        int height = (g.height() + size - 1) / size * size;
        int width = (g.width() + size - 1) / size * size;
        return height == g.height() && width == g.width() ? g : Grid.later(height, width);
    }
}
