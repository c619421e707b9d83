package dev.cutaway.model.image;

import java.nio.charset.StandardCharsets;

/** What a file is by its first bytes; its name proves nothing. */
enum ImageFormat {
    PNG,
    JPEG,
    OTHER;

    static ImageFormat of(byte[] file) {
        if (starts(file, 0, "\u0089PNG\r\n\u001a\n")) {
            return PNG;
        }
        return starts(file, 0, "\u00ff\u00d8\u00ff") ? JPEG : OTHER;
    }

    /** The name of a known format that is not read here. */
    static String describe(byte[] file) {
        if (file.length == 0) {
            return "an empty file";
        }
        if (starts(file, 0, "GIF8")) {
            return "a GIF file";
        }
        if (starts(file, 0, "BM")) {
            return "a BMP file";
        }
        if (starts(file, 0, "RIFF") && starts(file, 8, "WEBP")) {
            return "a WebP file";
        }
        if (starts(file, 0, "II*\0") || starts(file, 0, "MM\0*")) {
            return "a TIFF file";
        }
        if (starts(file, 4, "ftypavif")) {
            return "an AVIF file";
        }
        if (starts(file, 4, "ftyphei") || starts(file, 4, "ftypmif")) {
            return "a HEIC file";
        }
        return starts(file, 0, "%PDF") ? "a PDF file" : "not an image of a known format";
    }

    private static boolean starts(byte[] file, int at, String magic) {
        byte[] expected = magic.getBytes(StandardCharsets.ISO_8859_1);
        if (file.length < at + expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (file[at + i] != expected[i]) {
                return false;
            }
        }
        return true;
    }
}
