package dev.cutaway.model.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The one thing wanted of EXIF data: how the camera was held. */
final class Exif {
    private static final int ORIENTATION = 0x0112;

    private Exif() {}

    /**
     * The orientation, 1 to 8, of a TIFF block; 1 where it says nothing that makes sense. Damaged EXIF data never makes
     * an image unreadable.
     */
    static int orientation(byte[] file, int from, int length) {
        if (length < 14 || from < 0 || (long) from + length > file.length) {
            return 1;
        }
        ByteBuffer tiff = ByteBuffer.wrap(file, from, length).slice();
        short order = tiff.getShort(0);
        if (order != 0x4949 && order != 0x4d4d) {
            return 1;
        }
        tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = tiff.getInt(4) & 0xffffffffL;
        if (tiff.getShort(2) != 42 || directory < 8 || directory > length - 2) {
            return 1;
        }
        int entries = tiff.getShort((int) directory) & 0xffff;
        for (int i = 0; i < entries; i++) {
            long entry = directory + 2 + 12L * i;
            if (entry + 12 > length) {
                return 1;
            }
            if ((tiff.getShort((int) entry) & 0xffff) == ORIENTATION) {
                int value = tiff.getShort((int) entry + 8);
                return value >= 1 && value <= 8 ? value : 1;
            }
        }
        return 1;
    }
}
