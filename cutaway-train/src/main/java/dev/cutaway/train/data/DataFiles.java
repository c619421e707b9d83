package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** Opens files of data, {@code .gz} unpacked. */
final class DataFiles {
    /** Text shrinks to a third, pictures of clothes to a half; a thousandth is a bomb. */
    private static final long MOST_RATIO = 200;

    private static final long ALWAYS = 64L << 20;

    private DataFiles() {}

    /** The name without {@code .gz}, in small letters. */
    static String plainName(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    }

    /** The bytes of a file, unpacked if its name ends with {@code .gz}. */
    static InputStream open(Path file) {
        requireRegular(file);
        try {
            InputStream in = Files.newInputStream(file);
            try {
                return packed(file) ? new Unpacked(file, new GZIPInputStream(in, 1 << 16), Files.size(file)) : in;
            } catch (IOException | RuntimeException e) {
                in.close();
                throw e;
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static boolean packed(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".gz");
    }

    /** Refuses what is no regular file: devices and pipes would block or never end. */
    static void requireRegular(Path file) {
        try {
            BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
            if (!a.isRegularFile()) {
                throw new BadInputException(file + ": is " + (a.isDirectory() ? "a directory" : "a device or pipe")
                        + ", not a file; give the path of a file of data");
            }
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; check the path, or say where it is with data.dir", e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static BadInputException unreadable(Path file, IOException e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new BadInputException(
                file + ": cannot be read (" + reason.lines().findFirst().orElse("") + "); get it again", e);
    }

    /** Refuses a file that is not the one that was meant. */
    static void verify(Path file, String sha256) {
        requireRegular(file);
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            String got = HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
            if (!got.equalsIgnoreCase(sha256)) {
                throw new BadInputException(file + ": has SHA-256 " + got + ", the recipe says " + sha256
                        + "; it is another file or damaged, get it again");
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Unpacked bytes, counted, so that a small file cannot become a huge one. */
    private static final class Unpacked extends FilterInputStream {
        private final Path file;
        private final long most;
        private long count;

        Unpacked(Path file, InputStream in, long size) {
            super(in);
            this.file = file;
            this.most = Math.max(ALWAYS, size * MOST_RATIO);
        }

        @Override
        public int read() throws IOException {
            int b = super.read();
            counted(b < 0 ? 0 : 1);
            return b;
        }

        @Override
        public int read(byte[] to, int from, int length) throws IOException {
            int n = super.read(to, from, length);
            counted(Math.max(0, n));
            return n;
        }

        private void counted(int n) {
            count += n;
            if (count > most) {
                throw new BadInputException(file + ": unpacks to more than " + MOST_RATIO
                        + " times its size, as no data does; get it again, or unpack it yourself");
            }
        }
    }
}
