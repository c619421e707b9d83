package dev.cutaway.model.hub;

import dev.cutaway.tensor.UsageException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where models come from and go to.
 *
 * @param endpoint the hub's address
 * @param cache the folder with {@code models--owner--name}
 * @param token sent to the endpoint's own host and to no other
 * @param offline whether only what is there already is used
 * @param patience how long a server may be silent
 * @param attempts how often a download that makes no headway is tried
 * @param maxFile bytes that one file may have
 */
public record HubSettings(
        URI endpoint,
        Path cache,
        Optional<String> token,
        boolean offline,
        Duration patience,
        int attempts,
        long maxFile) {

    private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");
    private static final long MAX_FILE = 512L << 30;

    public HubSettings {
        String scheme = String.valueOf(endpoint.getScheme());
        if (!(scheme.equals("https") || scheme.equals("http")) || endpoint.getHost() == null) {
            throw new UsageException(
                    "HF_ENDPOINT is " + endpoint + "; it must be an address such as https://huggingface.co");
        }
        if (patience.isNegative() || patience.isZero() || attempts < 1 || maxFile < 1) {
            throw new UsageException("hub settings: patience " + patience + ", attempts " + attempts + ", largest file "
                    + maxFile + "; each must be positive");
        }
    }

    /**
     * The settings that Hugging Face's own programs would use: HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT,
     * HF_HUB_OFFLINE, XDG_CACHE_HOME.
     *
     * @param home the user's home directory
     */
    public static HubSettings of(Map<String, String> environment, Path home) {
        Path caches = path(environment, "XDG_CACHE_HOME", home, home.resolve(".cache"));
        Path hugging = path(environment, "HF_HOME", home, caches.resolve("huggingface"));
        Path cache = path(environment, "HF_HUB_CACHE", home, hugging.resolve("hub"));
        String endpoint = environment.getOrDefault("HF_ENDPOINT", "").strip();
        String token = environment.getOrDefault("HF_TOKEN", "").strip();
        String offline = environment.getOrDefault("HF_HUB_OFFLINE", "").toUpperCase(Locale.ROOT);
        return new HubSettings(
                endpoint(endpoint.isEmpty() ? "https://huggingface.co" : endpoint),
                cache,
                token.isEmpty() ? Optional.empty() : Optional.of(checkedToken(token)),
                YES.contains(offline),
                Duration.ofSeconds(30),
                5,
                MAX_FILE);
    }

    /** {@link #of} for this process. */
    public static HubSettings ofProcess() {
        return of(System.getenv(), Path.of(System.getProperty("user.home", ".")));
    }

    private static Path path(Map<String, String> environment, String name, Path home, Path otherwise) {
        String value = environment.getOrDefault(name, "").strip();
        if (value.isEmpty()) {
            return otherwise;
        }
        try {
            return value.equals("~")
                    ? home
                    : value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value);
        } catch (java.nio.file.InvalidPathException e) {
            throw new UsageException(name + " is no path; correct it", e);
        }
    }

    private static URI endpoint(String text) {
        try {
            return URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    "HF_ENDPOINT is " + SafeNames.shown(text)
                            + "; it must be an address such as https://huggingface.co",
                    e);
        }
    }

    private static String checkedToken(String token) {
        if (token.chars().anyMatch(c -> c <= 0x20 || c >= 0x7f)) {
            throw new UsageException("HF_TOKEN holds characters that no token has; set it again");
        }
        return token;
    }

    @Override
    public String toString() {
        return "HubSettings[" + endpoint + ", " + cache + (token.isPresent() ? ", with a token" : "")
                + (offline ? ", offline]" : "]");
    }
}
