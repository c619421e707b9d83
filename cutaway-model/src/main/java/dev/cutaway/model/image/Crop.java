package dev.cutaway.model.image;

/** Cuts the centre out of an image; where the image is smaller, black surrounds it. */
final class Crop {
    private Crop() {}

    static Picture centre(Picture in, int width, int height) {
        if (width == in.width() && height == in.height()) {
            return in;
        }
        int left = offset(in.width(), width);
        int top = offset(in.height(), height);
        byte[] out = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        int firstX = Math.max(0, left);
        int lastX = Math.min(in.width(), left + width);
        for (int y = Math.max(0, top); y < Math.min(in.height(), top + height); y++) {
            int from = (y * in.width() + firstX) * 3;
            int to = ((y - top) * width + firstX - left) * 3;
            System.arraycopy(in.bytes(), from, out, to, Math.max(0, lastX - firstX) * 3);
        }
        return new Picture(width, height, out);
    }

    /** Where the cut begins; before the image where the cut is larger. */
    private static int offset(int size, int cut) {
        return Math.floorDiv(size - cut, 2);
    }
}
