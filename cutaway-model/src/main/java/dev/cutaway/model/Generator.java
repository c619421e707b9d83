package dev.cutaway.model;

import dev.cutaway.model.sample.Sampler;
import dev.cutaway.model.sample.StopStrings;
import dev.cutaway.text.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/** Continues a session's tokens. */
final class Generator {
    private final Session session;
    private final int[] prompt;
    private final GenerateOptions options;
    private final Consumer<Generation.Token> listener;
    private final Sampler sampler;
    private final StopStrings stops;
    private final Set<Integer> ends;
    private final GenerationRules rules;
    private final Optional<Decoder> decoder;
    private final List<Generation.Token> tokens = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();

    Generator(Session session, int[] prompt, GenerateOptions options, Consumer<Generation.Token> listener) {
        this.session = session;
        this.prompt = prompt;
        this.options = options;
        this.listener = listener;
        Model m = session.model();
        this.sampler = new Sampler(options.sampling(), m.sizes().vocabulary());
        this.stops = new StopStrings(options.stops());
        this.ends = options.ignoreEnd() ? Set.of() : m.endTokens();
        this.rules = GenerationRules.of(m, options.ignoreEnd());
        this.decoder = m.hasTokenizer()
                ? Optional.of(m.tokenizer().decoder(!options.showSpecial(), prompt))
                : Optional.empty();
    }

    Generation run() {
        long start = System.nanoTime();
        session.checkIds(prompt, 0);
        int held = session.commonPrefix(prompt);
        for (int id : prompt) {
            sampler.prompt(id);
        }
        Generation.Stop stop = Generation.Stop.LENGTH;
        double promptSeconds = 0;
        long first = start;
        try {
            float[] logits = session.set(prompt);
            first = System.nanoTime();
            promptSeconds = (first - start) / 1e9;
            stop = tokens(logits);
        } catch (CancellationException e) {
            stop = Generation.Stop.CANCELLED;
        }
        text.append(decoder.map(d -> stops.accept(d.finish())).orElse("")).append(stops.finish());
        double seconds = (System.nanoTime() - first) / 1e9;
        return new Generation(text.toString(), tokens, prompt.length, held, promptSeconds, seconds, stop);
    }

    private Generation.Stop tokens(float[] logits) {
        float[] next = logits;
        for (int i = 0; i < options.maxTokens(); i++) {
            if (session.takeCancelled()) {
                return Generation.Stop.CANCELLED;
            }
            boolean last = i + 1 == options.maxTokens();
            int id = sampler.next(rules.apply(next, session.held(), session.length(), last));
            boolean end = ends.contains(id);
            String piece = end ? "" : decoder.map(d -> stops.accept(d.add(id))).orElse("");
            text.append(piece);
            Generation.Token token = new Generation.Token(id, piece, sampler.logprob());
            tokens.add(token);
            listener.accept(token);
            if (end) {
                return Generation.Stop.EOS;
            }
            if (stops.stopped()) {
                return Generation.Stop.STOP;
            }
            if (!last) {
                if (session.full()) {
                    return Generation.Stop.LENGTH;
                }
                next = session.append(id);
            }
        }
        return Generation.Stop.LENGTH;
    }
}
