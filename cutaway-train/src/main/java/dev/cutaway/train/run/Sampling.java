package dev.cutaway.train.run;

import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.sample.SamplingOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;

/** What the model says at a moment of its training. */
final class Sampling {
    private Sampling() {}

    /** Refuses prompts for a model that writes nothing. */
    static void require(Recipe r, Family family, boolean tokenizer) {
        if (r.samples().prompts().isEmpty()) {
            return;
        }
        if (family != Family.DECODER && family != Family.ENCODER_DECODER) {
            throw new UsageException(r.file() + ": samples.prompts are for models that write texts; leave them out");
        }
        if (!tokenizer) {
            throw new UsageException(r.file() + ": samples.prompts need a tokenizer; give tokenizer.file");
        }
    }

    /** Goes on with each of the recipe's prompts. */
    static void of(Setup s, BiConsumer<String, String> told) {
        Recipe.Samples how = s.recipe().samples();
        Tokenizer t = s.tokenizer().orElseThrow().tokenizer();
        GenerateOptions options = GenerateOptions.greedy(how.maxTokens())
                .withSampling(SamplingOptions.GREEDY
                        .withTemperature(how.temperature())
                        .withSeed(s.recipe().seed()));
        try (Model m = s.model(t);
                Session session = m.session()) {
            for (String prompt : how.prompts()) {
                session.reset();
                int[] ids = t.ids(prompt, EncodeOptions.TEXT);
                told.accept(prompt, text(session, m, ids, options));
            }
        }
    }

    private static String text(Session session, Model m, int[] ids, GenerateOptions options) {
        int[] begin = ids;
        if (m.family() == Family.ENCODER_DECODER) {
            session.source(ids);
            int pad = m.config().count("pad_token_id", 0);
            begin = new int[] {m.config().count("decoder_start_token_id", pad)};
        }
        return session.generate(begin, options).tokens().stream()
                .map(Generation.Token::text)
                .collect(Collectors.joining());
    }
}
