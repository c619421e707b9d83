package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.tensor.CutawayException;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import io.helidon.websocket.WsUpgradeException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The open pages: one listener and one desk for each. */
final class Pages implements AutoCloseable {
    private static final int MOST = 16;

    private final ModelSource models;
    private final Guard guard;
    private final Set<Desk> desks = ConcurrentHashMap.newKeySet();

    Pages(ModelSource models, Guard guard) {
        this.models = models;
        this.guard = guard;
    }

    WsListener open() {
        return new Page();
    }

    @Override
    public void close() {
        desks.forEach(Desk::close);
    }

    private final class Page implements WsListener {
        private final StringBuilder partial = new StringBuilder();
        private @Nullable Desk desk;

        @Override
        public Optional<Headers> onHttpUpgrade(HttpPrologue prologue, Headers headers) throws WsUpgradeException {
            String refusal = guard.refusal(headers, "");
            if (!refusal.isEmpty()) {
                throw new WsUpgradeException("Refused: " + refusal);
            }
            if (desks.size() >= MOST) {
                throw new WsUpgradeException("Refused: " + MOST + " pages are open; close one");
            }
            return Optional.empty();
        }

        @Override
        public void onOpen(WsSession session) {
            Desk opened = new Desk(models, new Outbox(session));
            desk = opened;
            desks.add(opened);
        }

        @Override
        public void onMessage(WsSession session, String text, boolean last) {
            Desk to = desk;
            if (to == null) {
                return;
            }
            partial.append(text);
            if (!last) {
                return;
            }
            String whole = partial.toString();
            partial.setLength(0);
            try {
                JsonNode message = Wire.parse(whole);
                to.accept(message);
            } catch (CutawayException e) {
                to.complain(-1, String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void onClose(WsSession session, int status, String reason) {
            end();
        }

        @Override
        public void onError(WsSession session, Throwable t) {
            end();
        }

        private void end() {
            Desk from = desk;
            if (from != null) {
                desks.remove(from);
                from.close();
            }
        }
    }
}
