package dev.cutaway.inspect;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Who may speak to the server. Three independent checks, because a page of any site can make a browser send requests to
 * loopback: the {@code Host} must be ours (a rebound DNS name is not), an {@code Origin} must be ours, and the request must
 * carry the session's token, as a query parameter of the printed address first and as a cookie afterwards.
 */
final class Guard {
    private static final HeaderName COOKIE = HeaderNames.COOKIE;
    private final String token = randomToken();
    private final Set<String> hosts = new LinkedHashSet<>();
    private final String cookieName;

    /** For the server at {@code host} and {@code port}. */
    Guard(String host, int port) {
        for (String name : List.of("127.0.0.1", "localhost", "[::1]", host.contains(":") ? "[" + host + "]" : host)) {
            hosts.add(name.toLowerCase(Locale.ROOT) + ":" + port);
        }
        cookieName = "cutaway-" + port;
    }

    private static String randomToken() {
        byte[] bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    String token() {
        return token;
    }

    /** The {@code Set-Cookie} value that lets this browser in until the server ends. */
    String cookie() {
        return cookieName + "=" + token + "; Path=/; HttpOnly; SameSite=Strict";
    }

    /** Why a request with these headers and this query token is refused, or empty if it is not. */
    String refusal(Headers headers, String queryToken) {
        String host = headers.first(HeaderNames.HOST).orElse("");
        if (!hosts.contains(host.toLowerCase(Locale.ROOT))) {
            return "the Host header names " + (host.isEmpty() ? "nothing" : "another server")
                    + "; use the printed address";
        }
        String origin = headers.first(HeaderNames.ORIGIN).orElse("");
        if (!origin.isEmpty() && !isOurs(origin)) {
            return "the request comes from another site; use the printed address";
        }
        if (!same(queryToken) && !same(cookieValue(headers))) {
            return "the session token is missing or wrong; use the printed address, token included";
        }
        return "";
    }

    private boolean isOurs(String origin) {
        try {
            URI uri = URI.create(origin);
            return "http".equals(uri.getScheme())
                    && uri.getRawAuthority() != null
                    && hosts.contains(uri.getRawAuthority().toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private boolean same(String given) {
        return MessageDigest.isEqual(token.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    private String cookieValue(Headers headers) {
        for (String line : headers.values(COOKIE)) {
            for (String pair : line.split(";")) {
                String trimmed = pair.strip();
                if (trimmed.startsWith(cookieName + "=")) {
                    return trimmed.substring(cookieName.length() + 1);
                }
            }
        }
        return "";
    }
}
