package dev.cutaway.model.hub;

import dev.cutaway.tensor.BadInputException;
import java.net.http.HttpHeaders;
import java.time.Duration;

/** What a server's answers mean. */
final class Answers {
    private Answers() {}

    /** Whether the same request may succeed later: too many requests, or the server's own trouble. */
    static boolean passing(int status) {
        return status == 429 || status == 408 || (status >= 500 && status <= 599);
    }

    /** How long the server asks to wait. */
    static Duration wait(HttpHeaders headers, Duration otherwise) {
        String asked = headers.firstValue("Retry-After").orElse("");
        return asked.matches("\\d{1,6}") ? Duration.ofSeconds(Long.parseLong(asked)) : otherwise;
    }

    static boolean startsAt(HttpHeaders headers, long from) {
        return headers.firstValue("Content-Range").orElse("").startsWith("bytes " + from + "-");
    }

    /** Refuses what is neither the data nor worth another attempt. */
    static void check(int status, HubReference model, String file, HubSettings settings) {
        if (status == 200 || status == 206) {
            return;
        }
        String what = file.isEmpty() ? model.toString() : model + ": " + file;
        String remedy = switch (status) {
            case 401, 403 ->
                settings.token().isPresent()
                        ? " is not open to this HF_TOKEN; accept the model's terms on its page, or use another token"
                        : " needs an account, or does not exist; check the name, accept the model's terms and set HF_TOKEN";
            case 404 -> " does not exist on " + settings.endpoint() + "; check the name";
            default -> " is not to be had, " + settings.endpoint() + " answers " + status + "; try again later";
        };
        throw new BadInputException(what + remedy);
    }
}
