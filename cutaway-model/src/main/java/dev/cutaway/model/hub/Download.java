package dev.cutaway.model.hub;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** Brings one file's contents into the cache, from where an earlier attempt stopped, and checks them. */
final class Download {
    private static final int PIECE = 1 << 16;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);
    private static final long SPARE = 16 << 20;

    private final HubSettings settings;
    private final HubHttp http;
    private final HubCache cache;
    private final HubProgress progress;
    private final HubReference model;

    Download(HubSettings settings, HubHttp http, HubCache cache, HubProgress progress, HubReference model) {
        this.settings = settings;
        this.http = http;
        this.cache = cache;
        this.progress = progress;
        this.model = model;
    }

    /** The contents of a file, downloaded where they are not there. */
    @SuppressWarnings("try") // the lock is held, not used
    void fetch(String file, String path, Blob blob) throws IOException, HubHttp.Interrupted {
        if (blob.size() > settings.maxFile()) {
            throw new ResourceException(model + ": " + file + " has " + blob.size() + " bytes, more than "
                    + settings.maxFile() + "; choose a smaller one");
        }
        cache.prepare();
        try (AutoCloseable lock = cache.lock(blob)) {
            Path target = cache.blob(blob);
            if (cache.present(blob).isEmpty()) {
                return;
            }
            Path incomplete = cache.incomplete(blob);
            long present = present(incomplete, blob);
            cache.requireSpace(file, blob.size() - present + SPARE);
            progress.start(file, blob.size(), present);
            complete(file, path, blob, incomplete);
            Files.move(incomplete, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            progress.done(file);
        } catch (IOException | HubHttp.Interrupted | CutawayException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("the lock could not be released: " + e.getMessage(), e);
        }
    }

    private static long present(Path incomplete, Blob blob) throws IOException {
        long bytes = Files.isRegularFile(incomplete) ? Files.size(incomplete) : 0;
        if (bytes > blob.size()) {
            Files.delete(incomplete);
            return 0;
        }
        return bytes;
    }

    /** Downloads until all is there and right; what was wrong is thrown away and tried once more from the start. */
    private void complete(String file, String path, Blob blob, Path incomplete)
            throws IOException, HubHttp.Interrupted {
        boolean resumed = present(incomplete, blob) > 0;
        transfer(file, path, blob, incomplete);
        if (blob.matches(incomplete)) {
            return;
        }
        Files.delete(incomplete);
        if (resumed) {
            progress.retry(file, "what an earlier download left is damaged");
            transfer(file, path, blob, incomplete);
            if (blob.matches(incomplete)) {
                return;
            }
            Files.delete(incomplete);
        }
        throw new BadInputException(model + ": " + file + " arrived with a wrong checksum (expected " + blob.etag()
                + "); try again, and if it stays so do not use it");
    }

    @SuppressWarnings("try") // the body is closed, whoever reads it
    private void transfer(String file, String path, Blob blob, Path incomplete)
            throws IOException, HubHttp.Interrupted {
        int failures = 0;
        while (true) {
            long before = present(incomplete, blob);
            Files.write(incomplete, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            if (before == blob.size()) {
                return;
            }
            Duration wait = Duration.ofMillis(250L << Math.min(failures, 6));
            String reason;
            try {
                HttpResponse<InputStream> response = http.get(path, before);
                try (InputStream body = response.body()) {
                    if (response.statusCode() == 416) {
                        Files.delete(incomplete);
                    } else if (Answers.passing(response.statusCode())) {
                        wait = Answers.wait(response.headers(), wait);
                    } else {
                        Answers.check(response.statusCode(), model, file, settings);
                        receive(file, blob, incomplete, response, before);
                        continue;
                    }
                    reason = "the server answers " + response.statusCode();
                }
            } catch (IOException e) {
                reason = Hub.reason(e);
            }
            failures = present(incomplete, blob) > before ? 1 : failures + 1;
            if (failures >= settings.attempts()) {
                throw new BadInputException(model + ": " + file + " could not be downloaded (" + SafeNames.shown(reason)
                        + "); try again, it goes on from where it stopped");
            }
            progress.retry(file, reason);
            pause(wait);
        }
    }

    /** Waits, a minute at most whatever a server asks for. */
    static void pause(Duration time) throws HubHttp.Interrupted {
        try {
            Thread.sleep(time.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubHttp.Interrupted();
        }
    }

    private void receive(String file, Blob blob, Path incomplete, HttpResponse<InputStream> response, long asked)
            throws IOException, HubHttp.Interrupted {
        boolean whole = response.statusCode() != 206;
        long from = whole ? 0 : asked;
        if (!whole && !Answers.startsAt(response.headers(), from)) {
            Files.delete(incomplete);
            throw new IOException("the server sends another part than was asked for");
        }
        long announced = response.headers().firstValueAsLong("Content-Length").orElse(blob.size() - from);
        if (from + announced != blob.size()) {
            throw new BadInputException(model + ": " + file + " should have " + blob.size()
                    + " bytes, but the server sends " + (from + announced) + "; try again later");
        }
        try (FileChannel out = FileChannel.open(incomplete, StandardOpenOption.WRITE);
                Watchdog dog = new Watchdog(response.body(), settings.patience())) {
            out.truncate(from);
            out.position(from);
            copy(file, blob, dog, out);
        }
    }

    private void copy(String file, Blob blob, Watchdog dog, FileChannel out) throws IOException, HubHttp.Interrupted {
        byte[] piece = new byte[PIECE];
        long at = out.position();
        while (at < blob.size()) {
            int n;
            try {
                n = dog.watched().read(piece, 0, (int) Math.min(PIECE, blob.size() - at));
            } catch (IOException e) {
                throw dog.barked() ? new IOException("the server fell silent", e) : e;
            }
            if (n < 0) {
                throw new IOException("the connection ended after " + at + " of " + blob.size() + " bytes");
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new HubHttp.Interrupted();
            }
            write(out, ByteBuffer.wrap(piece, 0, n));
            at += n;
            progress.at(file, at);
        }
    }

    private void write(FileChannel out, ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (IOException e) {
            throw new ResourceException(
                    model + ": cannot write to the cache (" + e.getMessage()
                            + "); free space, or set HF_HUB_CACHE to another disk",
                    e);
        }
    }
}
