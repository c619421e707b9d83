package dev.cutaway.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * What an encoder-decoder makes of many sources: several are answered side by side, so that their next tokens go through the weights
 * together, and whoever is done makes room for the next source. Always the likeliest token; each answer is what {@link Session#generate}
 * would have given alone, bit for bit. Belongs to one thread.
 */
public final class Translations implements AutoCloseable {
    private final Model model;
    private final int maxTokens;
    private final int start;
    private final Set<Integer> ends;
    private final GenerationRules rules;
    private final List<Slot> slots = new ArrayList<>();

    /** Where one source is answered. */
    private static final class Slot {
        final Session session;
        int source;
        int[] answer = {};

        Slot(Session session) {
            this.session = session;
        }
    }

    /**
     * @param model an encoder-decoder
     * @param together how many sources are answered side by side
     * @param maxTokens tokens of an answer at most, the end token included
     */
    public Translations(Model model, int together, int maxTokens) {
        if (together < 1 || maxTokens < 1) {
            throw new IllegalArgumentException(together + " sources together, " + maxTokens + " tokens: at least 1");
        }
        this.model = model;
        this.maxTokens = maxTokens;
        this.start = model.decoderStart();
        this.ends = model.endTokens();
        this.rules = GenerationRules.of(model, false);
        SessionOptions how = SessionOptions.defaults().withRecording(false);
        IntStream.range(0, together).forEach(_ -> slots.add(new Slot(model.session(how))));
    }

    /**
     * Answers each source.
     *
     * @param sources token ids
     * @param done is told which source was answered
     * @return the answers' token ids in the sources' order, without start and end tokens
     */
    public List<int[]> answer(List<int[]> sources, IntConsumer done) {
        int[][] answers = new int[sources.size()][];
        List<Slot> free = new ArrayList<>(slots);
        List<Slot> open = new ArrayList<>();
        int next = 0;
        while (next < answers.length || !open.isEmpty()) {
            List<int[]> tokens = new ArrayList<>();
            open.forEach(s -> tokens.add(new int[] {s.answer[s.answer.length - 1]}));
            while (next < answers.length && !free.isEmpty()) {
                Slot s = free.removeLast();
                s.source = next;
                s.answer = new int[0];
                s.session.source(sources.get(next++));
                open.add(s);
                tokens.add(new int[] {start});
            }
            Session.appendTogether(open.stream().map(s -> s.session).toList(), tokens);
            for (Slot s : List.copyOf(open)) {
                if (ended(s)) {
                    answers[s.source] = s.answer;
                    done.accept(s.source);
                    open.remove(s);
                    free.add(s);
                }
            }
        }
        return Arrays.asList(answers);
    }

    /** Takes the next token; whether the answer ends here. */
    private boolean ended(Slot s) {
        boolean last = s.answer.length + 1 == maxTokens;
        Session session = s.session;
        float[] scores = rules.apply(session.logits(), session.held(), session.length(), last);
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        if (ends.contains(best)) {
            return true;
        }
        s.answer = Arrays.copyOf(s.answer, s.answer.length + 1);
        s.answer[s.answer.length - 1] = best;
        return last || session.full();
    }

    public Model model() {
        return model;
    }

    @Override
    public void close() {
        slots.forEach(s -> s.session.close());
    }
}
