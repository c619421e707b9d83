package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Example;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Images as a model reads them, varied anew each time.
 *
 * @param answers the class of each
 * @param flip whether every other one is mirrored
 * @param crop pixels of black around, before a piece is cut out
 */
record Images(
        String name,
        Pictures pictures,
        int[] answers,
        List<String> classes,
        ImageSizes sizes,
        Levels levels,
        boolean flip,
        int crop,
        Function<Tensor, Tensor> patches,
        Complaints complained)
        implements Source {
    @Override
    public long size() {
        return answers.length;
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        return Example.image(patches(i, draws), answers[(int) i]);
    }

    /** One image as rows of pixels. */
    Tensor patches(long i, SplittableRandom draws) {
        boolean mirrored = flip && draws.nextBoolean();
        int dy = crop == 0 ? 0 : draws.nextInt(2 * crop + 1) - crop;
        int dx = crop == 0 ? 0 : draws.nextInt(2 * crop + 1) - crop;
        float[] pixels = pixels(pictures.levels((int) i), mirrored, dy, dx);
        return patches.apply(Tensor.of(pixels, sizes.channels(), sizes.height(), sizes.width()));
    }

    /** The image moved and mirrored, as small numbers; what comes from beyond its edge is black. */
    private float[] pixels(byte[] x, boolean mirrored, int dy, int dx) {
        int h = sizes.height();
        int w = sizes.width();
        float[] out = new float[x.length];
        for (int c = 0; c < sizes.channels(); c++) {
            double mean = levels.mean().get(c);
            double deviation = levels.deviation().get(c);
            for (int p = 0; p < h * w; p++) {
                int sy = p / w + dy;
                int sx = (mirrored ? w - 1 - p % w : p % w) + dx;
                boolean inside = sy >= 0 && sy < h && sx >= 0 && sx < w;
                int level = inside ? x[(c * h + sy) * w + sx] & 0xFF : 0;
                out[c * h * w + p] = (float) ((level / 255.0 - mean) / deviation);
            }
        }
        return out;
    }

    @Override
    public Map<String, Object> preprocessor() {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("image_processor_type", "ViTImageProcessor");
        out.put("do_resize", true);
        out.put("size", Map.of("height", sizes.height(), "width", sizes.width()));
        out.put("resample", 2);
        out.put("do_rescale", true);
        out.put("rescale_factor", 1 / 255.0);
        out.put("do_normalize", true);
        out.put("image_mean", levels.mean());
        out.put("image_std", levels.deviation());
        return out;
    }

    @Override
    public List<String> complaints() {
        return complained.list();
    }
}
