package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Serves one page: holds its sequence and does what it asks, one thing at a time, on a thread of its own (a sequence belongs
 * to one thread). What the reader waits for goes first: a changed prompt before an opened number before the tensors of
 * the drawing; among equals, first come first served. Requests that the page no longer needs are dropped before they
 * are begun. Stopping a generation does not queue.
 */
final class Desk implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Desk.class.getName());
    private static final int MOST_WAITING = 20_000;
    private static final int MOST_TOKENS = 4_096;
    private static final int MOST_SMALL = 256;

    private record Task(int urgency, long order, int id, JsonNode message) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            int byUrgency = Integer.compare(urgency, other.urgency);
            return byUrgency != 0 ? byUrgency : Long.compare(order, other.order);
        }
    }

    private final ModelSource models;
    private final Outbox outbox;
    private final PriorityBlockingQueue<Task> waiting = new PriorityBlockingQueue<>();
    private final AtomicLong order = new AtomicLong();
    private final Set<Integer> dropped = ConcurrentHashMap.newKeySet();
    private final Thread worker;
    private final Open open;
    private volatile boolean closed;

    Desk(ModelSource models, Outbox outbox) {
        this.models = models;
        this.outbox = outbox;
        this.open = new Open(models);
        ObjectNode hello = Wire.object()
                .put("event", "hello")
                .put("training", models.training().isPresent());
        hello.set("models", Wire.tree(models.names()));
        outbox.send(Wire.text(hello));
        this.worker = Thread.ofPlatform().name("inspector desk").daemon().start(this::work);
    }

    /** What is open at this desk. Only its {@code cancel} may be called from another thread. */
    private static final class Open {
        private volatile List<InspectedModel.Sequence> running = List.of();
        private final ModelSource models;
        private List<InspectedModel> model = List.of();
        private List<InspectedModel.Sequence> sequence = List.of();

        Open(ModelSource models) {
            this.models = models;
        }

        InspectedModel model() {
            if (model.isEmpty()) {
                throw new BadInputException("no model is open on this page; open one first");
            }
            return model.getFirst();
        }

        InspectedModel.Sequence sequence() {
            if (sequence.isEmpty()) {
                throw new BadInputException("no model is open on this page; open one first");
            }
            return sequence.getFirst();
        }

        /** Puts a model, with a sequence that {@code ready} has made ready, in the place of what was open; or leaves that. */
        void set(InspectedModel opened, Consumer<InspectedModel.Sequence> ready) {
            try {
                InspectedModel.Sequence next = opened.sequence();
                try {
                    ready.accept(next);
                } catch (RuntimeException | Error e) {
                    next.close();
                    throw e;
                }
                close();
                model = List.of(opened);
                sequence = List.of(next);
            } catch (RuntimeException | Error e) {
                models.release(opened);
                throw e;
            }
        }

        void close() {
            sequence.forEach(InspectedModel.Sequence::close);
            sequence = List.of();
            model.forEach(models::release);
            model = List.of();
        }
    }

    /** Takes a message of the page; from the connection's thread. */
    void accept(JsonNode message) {
        int id = message.path("id").asInt(-1);
        String what = message.path("do").asText();
        switch (what) {
            case "stop" -> open.running.forEach(InspectedModel.Sequence::cancel);
            case "ping" -> {}
            case "drop" -> message.path("ids").forEach(one -> drop(one.asInt()));
            default -> {
                if (waiting.size() >= MOST_WAITING) {
                    complain(id, "too many requests wait (" + MOST_WAITING + "); reload the page");
                    return;
                }
                waiting.add(new Task(urgency(what), order.incrementAndGet(), id, message));
            }
        }
    }

    private void drop(int id) {
        dropped.add(id);
        waiting.removeIf(task ->
                task.id() == id && "rows".equals(task.message().path("do").asText()));
    }

    private static int urgency(String what) {
        return switch (what) {
            case "open", "prompt", "truncate", "generate" -> 0;
            case "draw", "explain", "trace", "words" -> 1;
            case "rows" -> 2;
            default -> 3;
        };
    }

    /** Tells the page that a request failed. */
    void complain(int id, String why) {
        outbox.send(Wire.text(Wire.object().put("id", id).put("error", why)));
    }

    private void work() {
        try {
            while (!closed) {
                Task task = waiting.take();
                try {
                    serve(task.id(), task.message());
                } catch (CancellationException e) {
                    LOG.log(System.Logger.Level.DEBUG, "nobody waits for request {0} any more", task.id());
                } catch (CutawayException e) {
                    complain(task.id(), String.valueOf(e.getMessage()));
                } catch (RuntimeException | Error e) {
                    LOG.log(System.Logger.Level.DEBUG, "request failed: " + task.message(), e);
                    complain(task.id(), "the request failed inside the engine (" + e + "); reload the page");
                } finally {
                    dropped.remove(task.id());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.close();
        }
    }

    private void serve(int id, JsonNode message) {
        switch (message.path("do").asText()) {
            case "open" -> {
                boolean reads = message.has("text");
                open.set(chosen(message.path("model").asText()), sequence -> {
                    if (reads) {
                        prompt(sequence, message);
                    }
                });
                ObjectNode answer = reads ? state() : Wire.object();
                answer.set("facts", Wire.tree(open.model().facts()));
                answer(id, answer);
            }
            case "prompt" -> {
                prompt(open.sequence(), message);
                answer(id, state());
            }
            case "training" -> {
                models.training()
                        .orElseThrow(() -> new BadInputException(
                                "this inspector was started with a model, not with a training run; reload the page"))
                        .follow(outbox);
                answer(id, Wire.object());
            }
            case "truncate" -> {
                open.sequence().truncate(message.path("length").asInt());
                answer(id, state());
            }
            case "generate" -> generate(id, message);
            case "continue" -> continueAll(id, message);
            case "rows" -> rows(id, message);
            case "small" -> {
                String name = message.path("name").asText();
                int most = Math.clamp(message.path("most").asInt(), 1, MOST_SMALL);
                int length = open.sequence().tokens().size();
                InspectedModel.Matrix whole = open.sequence().rows(name, 0, length, () -> closed);
                outbox.send(Wire.frame(id, Small.of(whole, most)));
            }
            case "explain" -> {
                var derivation = open.sequence().explain(message.path("name").asText(), index(message.path("index")));
                answer(id, Wire.object().set("derivation", Wire.tree(derivation)));
            }
            case "draw" -> {
                var draw = open.sequence()
                        .draw(
                                message.path("position").asInt(),
                                settings(message.path("settings")),
                                Math.clamp(message.path("candidates").asInt(), 1, 200));
                answer(id, Wire.object().set("draw", Wire.tree(draw)));
            }
            case "words" -> {
                List<String> words = new ArrayList<>();
                message.path("ids").forEach(word -> words.add(open.model().word(word.asInt())));
                answer(id, Wire.object().set("words", Wire.tree(words)));
            }
            case "trace" ->
                answer(
                        id,
                        Wire.object()
                                .set(
                                        "trace",
                                        Wire.tree(open.model()
                                                .trace(message.path("text").asText()))));
            default ->
                throw new BadInputException(
                        "the page asked for " + message.path("do") + ", which does not exist; reload it");
        }
    }

    private static void prompt(InspectedModel.Sequence sequence, JsonNode message) {
        JsonNode then = message.path("then");
        int[] ids = new int[Math.min(then.size(), MOST_TOKENS)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = then.get(i).asInt();
        }
        sequence.prompt(message.path("text").asText(), ids);
    }

    /** One of the models that the server was started with: a page cannot make it open files. */
    private InspectedModel chosen(String name) {
        if (!models.names().contains(name)) {
            throw new BadInputException(
                    models.training().isPresent()
                            ? name + ": is not saved, or not any more; choose another step"
                            : name + ": is not one of the models that this inspector was started with ("
                                    + String.join(", ", models.names()) + ")");
        }
        return models.open(name);
    }

    private void rows(int id, JsonNode message) {
        String name = message.path("name").asText();
        int from = message.path("from").asInt();
        int to = message.path("to").asInt();
        // A reader who turned a page waits for what is on it, not for the rest of the last one.
        outbox.send(Wire.frame(id, open.sequence().rows(name, from, to, () -> closed || dropped.contains(id))));
    }

    private void generate(int id, JsonNode message) {
        InspectedModel.Sequence sequence = open.sequence();
        int most = Math.clamp(message.path("most").asInt(1), 1, MOST_TOKENS);
        open.running = List.of(sequence);
        try {
            sequence.generate(settings(message.path("settings")), most, token -> {
                ObjectNode event = Wire.object().put("event", "token");
                event.set("piece", Wire.tree(token.piece()));
                outbox.offer(Wire.text(event.put("request", id)));
            });
        } finally {
            open.running = List.of();
        }
        answer(id, state());
    }

    /** The same tokens continued under several settings, one after the other, each on a fork of its own. */
    private void continueAll(int id, JsonNode message) {
        int most = Math.clamp(message.path("most").asInt(24), 1, MOST_TOKENS);
        List<InspectedModel.Sequence> forks = new ArrayList<>();
        try {
            for (JsonNode one : message.path("settings")) {
                InspectedModel.Sequence fork = open.sequence().fork();
                forks.add(fork);
                open.running = List.of(fork);
                int stream = forks.size() - 1;
                fork.generate(settings(one), most, token -> {
                    ObjectNode event = Wire.object().put("event", "continued").put("request", id);
                    event.put("stream", stream).put("written", token.written());
                    outbox.send(Wire.text(event));
                });
            }
        } finally {
            open.running = List.of();
            forks.forEach(InspectedModel.Sequence::close);
        }
        answer(id, Wire.object());
    }

    private ObjectNode state() {
        InspectedModel.Sequence sequence = open.sequence();
        ObjectNode state = Wire.object();
        state.set("tokens", Wire.tree(sequence.tokens()));
        state.set("tensors", Wire.tree(sequence.list()));
        double agreement = sequence.agreement();
        if (!Double.isNaN(agreement)) {
            state.put("agreement", agreement);
        }
        return state;
    }

    private void answer(int id, JsonNode fields) {
        outbox.send(Wire.text(((ObjectNode) fields).put("id", id)));
    }

    private static long[] index(JsonNode node) {
        long[] index = new long[node.size()];
        for (int i = 0; i < index.length; i++) {
            index[i] = node.get(i).asLong();
        }
        return index;
    }

    private static InspectedModel.Settings settings(JsonNode node) {
        return new InspectedModel.Settings(
                Math.clamp(node.path("temperature").asDouble(1), 0, 100),
                Math.max(0, node.path("topK").asInt(0)),
                Math.clamp(node.path("topP").asDouble(1), 0, 1),
                Math.clamp(node.path("minP").asDouble(0), 0, 1),
                node.path("seed").asLong(0));
    }

    @Override
    public void close() {
        closed = true;
        open.running.forEach(InspectedModel.Sequence::cancel);
        outbox.close();
        worker.interrupt();
    }
}
