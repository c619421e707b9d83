package dev.cutaway.graph.op;

import java.util.Arrays;

/**
 * Which rows of an image go where: windows, merged patches, neighbourhoods. Constants of an architecture, the same for every image;
 * rows are patches from the top left, row by row.
 */
public sealed interface Picking {
    /** What a place holds that nothing goes to: beyond the edge. */
    int NONE = -1;

    /** For each place the number of the row that goes there, or {@link #NONE}. */
    int[] numbers();

    /** In words, for people. */
    String words();

    /** One row. */
    record Row(int row) implements Picking {
        @Override
        public int[] numbers() {
            return new int[] {row};
        }

        @Override
        public String words() {
            return "row " + row;
        }
    }

    /** All rows in their order. */
    record All(int rows) implements Picking {
        @Override
        public int[] numbers() {
            int[] n = new int[rows];
            Arrays.setAll(n, i -> i);
            return n;
        }

        @Override
        public String words() {
            return "all " + rows + " rows";
        }
    }

    /** A grid in a larger one, at its top left. */
    record Padded(int height, int width, int toHeight, int toWidth) implements Picking {
        @Override
        public int[] numbers() {
            int[] n = new int[toHeight * toWidth];
            Arrays.setAll(n, i -> at(i / toWidth, i % toWidth, height, width));
            return n;
        }

        @Override
        public String words() {
            return height + " x " + width + " padded to " + toHeight + " x " + toWidth;
        }
    }

    /**
     * Square windows of a grid, one after the other, after the grid was rolled up and left by a shift (Swin, arXiv 2103.14030, figure 4).
     * Height and width are multiples of the size.
     */
    record Windows(int height, int width, int size, int shift) implements Picking {
        @Override
        public int[] numbers() {
            int[] n = new int[height * width];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    n[place(y, x)] = (y + shift) % height * width + (x + shift) % width;
                }
            }
            return n;
        }

        /** Where a place of the rolled grid lies among the windows. */
        private int place(int y, int x) {
            int window = y / size * (width / size) + x / size;
            return window * size * size + y % size * size + x % size;
        }

        @Override
        public String words() {
            return "windows of " + size + " x " + size + (shift > 0 ? ", shifted by " + shift : "");
        }
    }

    /** The way back from {@link Windows} to the top left part of their grid. */
    record Unwindowed(Windows windows, int height, int width) implements Picking {
        @Override
        public int[] numbers() {
            int[] from = windows.numbers();
            int[] n = new int[height * width];
            for (int i = 0; i < from.length; i++) {
                int y = from[i] / windows.width;
                int x = from[i] % windows.width;
                if (y < height && x < width) {
                    n[y * width + x] = i;
                }
            }
            return n;
        }

        @Override
        public String words() {
            return "back from " + windows.words();
        }
    }

    /**
     * Squares of a grid side by side, each place's rows in a given order.
     *
     * @param down whether a square is read column by column (Swin's merging) rather than row by row (a convolution's kernel)
     * @param over whether squares that reach over the edge count, with nothing there
     */
    record Squares(int height, int width, int size, boolean down, boolean over) implements Picking {
        /** How many squares there are along an axis. */
        public int along(int axis) {
            return over ? (axis + size - 1) / size : axis / size;
        }

        @Override
        public int[] numbers() {
            int columns = along(width);
            int[] n = new int[along(height) * columns * size * size];
            Arrays.setAll(n, i -> {
                int square = i / (size * size);
                int major = i % (size * size) / size;
                int minor = i % size;
                int y = square / columns * size + (down ? minor : major);
                int x = square % columns * size + (down ? major : minor);
                return at(y, x, height, width);
            });
            return n;
        }

        @Override
        public String words() {
            return "squares of " + size + " x " + size;
        }
    }

    /** What lies around each row, {@code size} x {@code size} with the row in the middle. */
    record Around(int height, int width, int size) implements Picking {
        @Override
        public int[] numbers() {
            int[] n = new int[height * width * size * size];
            Arrays.setAll(n, i -> {
                int row = i / (size * size);
                int y = row / width + i % (size * size) / size - size / 2;
                int x = row % width + i % size - size / 2;
                return at(y, x, height, width);
            });
            return n;
        }

        @Override
        public String words() {
            return "the " + size + " x " + size + " around each";
        }
    }

    /** For two places of a square window, which row of a table stands for the way from one to the other. */
    record Relative(int size) implements Picking {
        /** Rows of the table. */
        public static int rows(int size) {
            return (2 * size - 1) * (2 * size - 1);
        }

        @Override
        public int[] numbers() {
            int all = size * size;
            int[] n = new int[all * all];
            Arrays.setAll(n, i -> {
                int query = i / all;
                int key = i % all;
                int down = query / size - key / size + size - 1;
                int right = query % size - key % size + size - 1;
                return down * (2 * size - 1) + right;
            });
            return n;
        }

        @Override
        public String words() {
            return "relative places in " + size + " x " + size;
        }
    }

    private static int at(int y, int x, int height, int width) {
        return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : NONE;
    }
}
