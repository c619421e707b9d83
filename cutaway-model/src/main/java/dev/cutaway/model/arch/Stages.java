package dev.cutaway.model.arch;

import dev.cutaway.model.Config;

/** Configurations of models in stages, each with ever fewer and wider rows. */
final class Stages {
    private static final int MOST = 16;

    private Stages() {}

    /** Blocks of each stage. */
    static int[] depths(Config c, int... otherwise) {
        int[] depths = c.has("depths") ? read(c, "depths") : otherwise;
        if (depths.length == 0 || depths.length > MOST) {
            throw c.bad("depths", "has " + depths.length + " stages; from 1 to " + MOST + " are possible");
        }
        return depths;
    }

    /** A whole number for each stage. */
    static int[] wholes(Config c, String key, int stages, int... otherwise) {
        int[] n = c.has(key) ? read(c, key) : otherwise;
        if (n.length != stages) {
            throw c.bad(key, "has " + n.length + " numbers; depths has " + stages + " stages");
        }
        return n;
    }

    private static int[] read(Config c, String key) {
        double[] given = c.reals(key);
        int[] n = new int[given.length];
        for (int i = 0; i < n.length; i++) {
            if (!(given[i] >= 1 && given[i] <= 1 << 24 && given[i] == Math.rint(given[i]))) {
                throw c.bad(key, "holds " + given[i] + "; it must hold whole numbers from 1");
            }
            n[i] = (int) given[i];
        }
        return n;
    }

    static int sum(int[] n) {
        long sum = 0;
        for (int i : n) {
            sum += i;
        }
        return (int) Math.min(Integer.MAX_VALUE, sum);
    }

    /** Patches that reach over the edge would need padding, which is not supported. */
    static void checkWhole(Config c, ImageSizes s) {
        if (s.height() % s.patchHeight() != 0 || s.width() % s.patchWidth() != 0) {
            throw c.bad(
                    "image_size",
                    "of " + s.height() + " x " + s.width() + " is no multiple of patch_size " + s.patchHeight() + " x "
                            + s.patchWidth());
        }
    }
}
