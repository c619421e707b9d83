package dev.cutaway.model;

import dev.cutaway.text.Decoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Beam search: follows the likeliest texts side by side and gives the one whose mean logarithm is greatest. Which texts are kept,
 * and when the search ends, follows transformers.
 */
final class BeamSearch {
    private final Session session;
    private final int[] prompt;
    private final BeamOptions options;
    private final Set<Integer> ends;
    private final GenerationRules rules;
    private final List<Text> found = new ArrayList<>();

    BeamSearch(Session session, int[] prompt, BeamOptions options) {
        this.session = session;
        this.prompt = prompt;
        this.options = options;
        this.ends = options.ignoreEnd() ? Set.of() : session.model().endTokens();
        this.rules = GenerationRules.of(session.model(), options.ignoreEnd());
    }

    /**
     * A text as a list from its last token to its first.
     *
     * @param sum of the logarithms; of a text that was found, divided by its length to the power of the penalty
     */
    private record Text(@Nullable Text before, int id, double logprob, double sum) {
        List<Text> tokens() {
            List<Text> all = new ArrayList<>();
            for (Text t = this; t != null; t = t.before) {
                all.addFirst(t);
            }
            return all;
        }

        Text scored(double score) {
            return new Text(before, id, logprob, score);
        }
    }

    /** A text that is followed, and the session that holds its tokens; the first has no tokens yet. */
    private record Beam(@Nullable Text text, Session session) {
        double sum() {
            return text == null ? 0 : text.sum();
        }
    }

    /** A text that may be followed, and the beam it comes from. */
    private record Candidate(Beam from, Text text) {}

    Generation run() {
        long start = System.nanoTime();
        session.checkIds(prompt, 0);
        int held = session.commonPrefix(prompt);
        session.set(prompt);
        long first = System.nanoTime();
        List<Beam> open = List.of(new Beam(null, session));
        try {
            for (int length = 1; ; length++) {
                boolean last = length == options.maxTokens()
                        || open.getFirst().session().full();
                List<Candidate> next = step(open, length, last);
                if (last || finished(next, length)) {
                    break;
                }
                open = follow(open, next);
                if (session.takeCancelled()) {
                    throw new CancellationException();
                }
            }
        } finally {
            closeAll(open, List.of());
        }
        Text best = found.stream()
                .max(Comparator.comparingDouble(Text::sum))
                .orElseThrow(() -> new IllegalStateException("beam search found nothing"));
        return generation(best.tokens(), held, (first - start) / 1e9, (System.nanoTime() - first) / 1e9);
    }

    /** Notes the texts that end here, and gives those to follow, best first. */
    private List<Candidate> step(List<Beam> open, int length, boolean last) {
        List<Candidate> best = best(open, last);
        List<Candidate> next = new ArrayList<>();
        for (int i = 0; i < best.size(); i++) {
            Text text = best.get(i).text();
            if (!last && !ends.contains(text.id())) {
                if (next.size() < options.beams()) {
                    next.add(best.get(i));
                }
            } else if (i < options.beams()) {
                // What ends further down the list was only there so that enough texts are left to follow.
                found.add(text.scored(text.sum() / Math.pow(length, options.lengthPenalty())));
            }
        }
        found.sort(Comparator.comparingDouble(Text::sum).reversed());
        while (found.size() > options.beams()) {
            found.removeLast();
        }
        return next;
    }

    private boolean finished(List<Candidate> next, int length) {
        if (next.isEmpty()) {
            return true;
        }
        if (found.size() < options.beams()) {
            return false;
        }
        boolean longest = options.stopping() == BeamOptions.Stopping.NEVER && options.lengthPenalty() > 0;
        double possible = next.getFirst().text().sum()
                / Math.pow(longest ? options.maxTokens() : length, options.lengthPenalty());
        return options.stopping() == BeamOptions.Stopping.EARLY
                || possible <= found.getLast().sum();
    }

    /** The likeliest continuations over all open texts: enough to go on even if many of them end. */
    private List<Candidate> best(List<Beam> open, boolean last) {
        int keep = Math.max(2, 1 + ends.size()) * options.beams();
        PriorityQueue<Candidate> best = new PriorityQueue<>(
                Comparator.comparingDouble((Candidate c) -> c.text().sum()));
        for (Beam beam : open) {
            Session s = beam.session();
            float[] scores = rules.apply(s.logits(), s.held(), s.length(), last);
            // What the rules force is certain; else probabilities are those among all words, or among what is left.
            double norm = rules.forces(last) ? 0 : logSum(rules.renormalises() ? scores : s.logits());
            for (int id = 0; id < scores.length; id++) {
                double logprob = scores[id] - norm;
                double sum = beam.sum() + logprob;
                if (best.size() == keep) {
                    if (sum <= best.element().text().sum()) {
                        continue;
                    }
                    best.remove();
                }
                best.add(new Candidate(beam, new Text(beam.text(), id, logprob, sum)));
            }
        }
        List<Candidate> sorted = new ArrayList<>(best);
        sorted.sort(Comparator.comparingDouble((Candidate c) -> c.text().sum()).reversed());
        return sorted;
    }

    private static double logSum(float[] logits) {
        double max = Double.NEGATIVE_INFINITY;
        for (float x : logits) {
            max = Math.max(max, x);
        }
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x - max);
        }
        return max + Math.log(sum);
    }

    /** Runs the chosen tokens. A beam's session goes on in its first continuation; further ones get copies of it. */
    private List<Beam> follow(List<Beam> open, List<Candidate> next) {
        List<Beam> beams = new ArrayList<>();
        List<Session> taken = new ArrayList<>();
        for (Candidate c : next) {
            Session own = c.from().session();
            boolean first = !taken.contains(own);
            if (first) {
                taken.add(own);
            }
            beams.add(new Beam(c.text(), first ? own : own.fork()));
        }
        closeAll(open, taken);
        Session.appendTogether(
                beams.stream().map(Beam::session).toList(),
                next.stream().map(c -> new int[] {c.text().id()}).toList());
        return beams;
    }

    /** Closes sessions that are not followed any more; the caller's own stays. */
    private void closeAll(List<Beam> beams, List<Session> but) {
        beams.stream()
                .map(Beam::session)
                .filter(s -> s != session && !but.contains(s))
                .forEach(Session::close);
    }

    private Generation generation(List<Text> tokens, int held, double promptSeconds, double seconds) {
        Model model = session.model();
        Optional<Decoder> decoder =
                model.hasTokenizer() ? Optional.of(model.tokenizer().decoder(true, prompt)) : Optional.empty();
        StringBuilder text = new StringBuilder();
        List<Generation.Token> all = new ArrayList<>();
        for (Text t : tokens) {
            String piece =
                    ends.contains(t.id()) ? "" : decoder.map(d -> d.add(t.id())).orElse("");
            text.append(piece);
            all.add(new Generation.Token(t.id(), piece, t.logprob()));
        }
        text.append(decoder.map(Decoder::finish).orElse(""));
        Generation.Stop stop = ends.contains(tokens.getLast().id()) ? Generation.Stop.EOS : Generation.Stop.LENGTH;
        return new Generation(text.toString(), all, prompt.length, held, promptSeconds, seconds, stop);
    }
}
