package dev.cutaway.model.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * The Hugging Face hub: brings a model into the cache once, and from then on finds it there without any network.
 *
 * <p>Everything that the server says is checked before it is used: names stay below the repository's folder, sizes are
 * held against limits and the disk, contents against their checksums.
 */
public final class Hub {
    private final HubSettings settings;
    private final HubProgress progress;

    /** A hub with these settings that tells its progress. */
    public Hub(HubSettings settings, HubProgress progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * The file, or the directory of the whole model, on this machine; downloaded where it is not there yet.
     *
     * @throws BadInputException where it does not exist, cannot be reached, or arrives damaged
     * @throws dev.cutaway.tensor.ResourceException where the disk has no room for it
     */
    public Path fetch(HubReference model) {
        return fetch(model, Part.MODEL);
    }

    /**
     * As {@link #fetch(HubReference)}, but of a whole repository only what its tokenizer takes.
     *
     * @throws BadInputException also where there is no tokenizer
     */
    public Path fetchTokenizer(HubReference model) {
        return fetch(model, Part.TOKENIZER);
    }

    /** What is wanted of a repository. */
    private enum Part {
        MODEL,
        TOKENIZER
    }

    private Path fetch(HubReference model, Part part) {
        HubCache cache = new HubCache(settings.cache(), model);
        Optional<Path> present = present(model, part, cache);
        if (present.isPresent()) {
            return present.get();
        }
        if (settings.offline()) {
            throw new BadInputException(model + ": not in " + settings.cache()
                    + ", and HF_HUB_OFFLINE forbids to download it; unset it once");
        }
        try (HubHttp http = new HubHttp(settings)) {
            return model.file().isPresent() ? file(model, cache, http) : whole(model, part, cache, http);
        } catch (HubHttp.Interrupted e) {
            throw new CutawayException(model + ": interrupted; the download goes on from here next time", e);
        } catch (IOException e) {
            throw new BadInputException(
                    model + ": " + settings.endpoint() + " cannot be reached (" + SafeNames.shown(reason(e))
                            + "); check the network",
                    e);
        }
    }

    /** In words; the JDK's exceptions for this mostly have no message. */
    static String reason(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof java.nio.channels.UnresolvedAddressException
                    || cause instanceof java.net.UnknownHostException) {
                return "there is no such host";
            }
            if (cause.getMessage() != null) {
                return cause.getMessage();
            }
        }
        return e instanceof java.net.ConnectException ? "connection refused" : "the connection broke";
    }

    private static Optional<Path> present(HubReference model, Part part, HubCache cache) {
        return cache.snapshot()
                .flatMap(snapshot -> model.file()
                        .map(file -> Optional.of(snapshot.resolve(file)).filter(Files::isRegularFile))
                        .orElseGet(() -> Optional.of(snapshot).filter(s -> present(s, part, cache))));
    }

    private static boolean present(Path snapshot, Part part, HubCache cache) {
        return part == Part.TOKENIZER
                ? ModelFiles.hasTokenizer(snapshot)
                : ModelFiles.complete(snapshot, file -> cache.absent(snapshot, file));
    }

    /** A file of the repository and what it holds. */
    private record Wanted(String file, Blob blob) {}

    private Path file(HubReference model, HubCache cache, HubHttp http) throws IOException, HubHttp.Interrupted {
        String file = model.file().orElseThrow();
        Blob blob = describe(model, model.revision(), file, http);
        announce(model, List.of(new Wanted(file, blob)), cache);
        Path path = fetch(model, file, blob, cache, http);
        cache.note(blob.commit());
        return path;
    }

    private Path whole(HubReference model, Part part, HubCache cache, HubHttp http)
            throws IOException, HubHttp.Interrupted {
        JsonNode info = info(model, http);
        String commit = Blob.checkCommit(info.path("sha").asText());
        List<String> all = new ArrayList<>();
        info.path("siblings").forEach(s -> all.add(s.path("rfilename").asText()));
        List<String> files = new ArrayList<>(
                part == Part.TOKENIZER ? ModelFiles.neededForTokenizer(model, all) : ModelFiles.needed(model, all));
        if (files.contains(ModelFiles.INDEX)) {
            // First, since it names the shards, and what they weigh is to be said before they are downloaded.
            Blob index = describeAt(model, commit, ModelFiles.INDEX, http);
            Path path = fetch(model, ModelFiles.INDEX, index, cache, http);
            files.addAll(ModelFiles.shards(model + ": " + ModelFiles.INDEX, path));
        }
        List<Wanted> wanted = new ArrayList<>();
        for (String file : files) {
            wanted.add(new Wanted(file, describeAt(model, commit, file, http)));
        }
        announce(model, wanted, cache);
        for (Wanted w : wanted) {
            fetch(model, w.file(), w.blob(), cache, http);
        }
        cache.noteAbsent(commit, ModelFiles.absent(all));
        cache.note(commit);
        return cache.snapshot(commit);
    }

    private Blob describeAt(HubReference model, String commit, String file, HubHttp http)
            throws IOException, HubHttp.Interrupted {
        Blob blob = describe(model, commit, file, http);
        if (!blob.commit().equals(commit)) {
            throw new BadInputException(model + ": changed on the server during the download; start it again");
        }
        return blob;
    }

    private void announce(HubReference model, List<Wanted> wanted, HubCache cache) throws IOException {
        int files = 0;
        long bytes = 0;
        long present = 0;
        for (Wanted w : wanted) {
            OptionalLong there = cache.present(w.blob());
            if (there.isPresent()) {
                files++;
                bytes += w.blob().size();
                present += there.getAsLong();
            }
        }
        if (files > 0) {
            progress.begin(model.toString(), files, bytes, present);
        }
    }

    private Path fetch(HubReference model, String file, Blob blob, HubCache cache, HubHttp http)
            throws IOException, HubHttp.Interrupted {
        new Download(settings, http, cache, progress, model).fetch(file, path(model, blob.commit(), file), blob);
        return cache.link(file, blob);
    }

    private JsonNode info(HubReference model, HubHttp http) throws IOException, HubHttp.Interrupted {
        String path = "/api/models/" + model.repository() + "/revision/" + encoded(model.revision());
        HubHttp.Page page = patiently("", () -> http.page(path), HubHttp.Page::status, HubHttp.Page::headers);
        Answers.check(page.status(), model, "", settings);
        try {
            return new ObjectMapper().readTree(page.text());
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    model + ": " + settings.endpoint() + " does not answer as the hub does; check HF_ENDPOINT", e);
        }
    }

    private Blob describe(HubReference model, String revision, String file, HubHttp http)
            throws IOException, HubHttp.Interrupted {
        String path = path(model, revision, file);
        HttpResponse<Void> head =
                patiently(file, () -> http.head(path), HttpResponse::statusCode, HttpResponse::headers);
        boolean redirected = head.statusCode() >= 301 && head.statusCode() <= 308;
        if (!redirected) {
            Answers.check(head.statusCode(), model, file, settings);
        }
        HttpHeaders headers = head.headers();
        Optional<String> etag = headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag"));
        Optional<String> size = headers.firstValue("X-Linked-Size")
                .or(() -> redirected ? Optional.empty() : headers.firstValue("Content-Length"));
        Optional<String> commit = headers.firstValue("X-Repo-Commit");
        if (etag.isEmpty() || size.isEmpty() || commit.isEmpty() || !size.get().matches("\\d{1,18}")) {
            throw new BadInputException(model + ": " + settings.endpoint() + " does not say what " + file
                    + " holds, as the hub does; check HF_ENDPOINT");
        }
        return new Blob(Blob.plain(etag.get()), Long.parseLong(size.get()), commit.get());
    }

    /** A request and how its answer tells its status and headers. */
    @FunctionalInterface
    private interface Request<T> {
        T send() throws IOException, HubHttp.Interrupted;
    }

    private <T> T patiently(
            String file,
            Request<T> request,
            java.util.function.ToIntFunction<T> status,
            java.util.function.Function<T, HttpHeaders> headers)
            throws IOException, HubHttp.Interrupted {
        for (int failures = 1; ; failures++) {
            Duration wait = Duration.ofMillis(125L << Math.min(failures, 7));
            String reason;
            try {
                T answer = request.send();
                int code = status.applyAsInt(answer);
                if (!Answers.passing(code) || failures >= settings.attempts()) {
                    return answer;
                }
                wait = Answers.wait(headers.apply(answer), wait);
                reason = "the server answers " + code;
            } catch (IOException e) {
                if (failures >= settings.attempts() || e instanceof java.net.ConnectException) {
                    throw e;
                }
                reason = reason(e);
            }
            progress.retry(file, reason);
            Download.pause(wait);
        }
    }

    private static String path(HubReference model, String revision, String file) {
        String encoded = Arrays.stream(file.split("/", -1)).map(Hub::encoded).collect(Collectors.joining("/"));
        return "/" + model.repository() + "/resolve/" + encoded(revision) + "/" + encoded;
    }

    private static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
