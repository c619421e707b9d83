package dev.cutaway.text.template;

import dev.cutaway.tensor.UsageException;
import java.time.Duration;

/**
 * What one rendering may use. A chat template comes with a model, from strangers, so it gets a budget instead of trust.
 *
 * @param time wall-clock time
 * @param steps expressions and statements evaluated, and elements touched by filters
 * @param characters characters of all the text made on the way, the output included
 * @param depth nesting of calls, blocks and values
 */
public record TemplateLimits(Duration time, long steps, long characters, int depth) {
    /** One second, 50 million steps, 64 million characters, 400 levels. */
    public static final TemplateLimits DEFAULT = new TemplateLimits(Duration.ofSeconds(1), 50_000_000, 64L << 20, 400);

    public TemplateLimits {
        if (time.isNegative() || time.isZero() || steps < 1 || characters < 1 || depth < 1 || depth > 1000) {
            throw new UsageException("template limits: time " + time + ", steps " + steps + ", characters " + characters
                    + ", depth " + depth + "; each must be positive, depth at most 1000");
        }
    }

    /** The same limits with another time. */
    public TemplateLimits withTime(Duration other) {
        return new TemplateLimits(other, steps, characters, depth);
    }
}
