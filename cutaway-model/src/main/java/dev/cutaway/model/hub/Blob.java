package dev.cutaway.model.hub;

import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A file's contents as the hub describes them.
 *
 * @param etag names the contents: a SHA-256 of large files, git's SHA-1 of the others
 * @param size in bytes
 * @param commit the repository's version, 40 hexadecimal digits
 */
record Blob(String etag, long size, String commit) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,128}");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    Blob {
        if (!NAME.matcher(etag).matches()) {
            throw new BadInputException("the hub calls a file's contents '" + SafeNames.shown(etag)
                    + "', which is no checksum; check HF_ENDPOINT");
        }
        checkCommit(commit);
        if (size < 0) {
            throw new BadInputException("the hub says that a file has " + size + " bytes; check HF_ENDPOINT");
        }
    }

    static String checkCommit(String commit) {
        if (!COMMIT.matcher(commit).matches()) {
            throw new BadInputException(
                    "the hub calls a version '" + SafeNames.shown(commit) + "', which is no commit; check HF_ENDPOINT");
        }
        return commit;
    }

    /** The etag without quotes and the mark of a weak one. */
    static String plain(String header) {
        String text = header.startsWith("W/") ? header.substring(2) : header;
        return text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")
                ? text.substring(1, text.length() - 1)
                : text;
    }

    /** Whether a file's contents have this checksum; true where the etag is of an unknown kind and nothing can be said. */
    boolean matches(Path file) throws IOException {
        return switch (etag.length()) {
            case 64 -> etag.equalsIgnoreCase(digest("SHA-256", new byte[0], file));
            case 40 ->
                etag.equalsIgnoreCase(
                        digest("SHA-1", ("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII), file));
            default -> true;
        };
    }

    private static String digest(String algorithm, byte[] prefix, Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(prefix);
            ByteBuffer buffer = ByteBuffer.allocate(1 << 18);
            while (channel.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(algorithm + " is part of every JDK", e);
        }
    }
}
