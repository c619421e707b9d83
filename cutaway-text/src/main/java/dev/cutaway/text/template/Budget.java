package dev.cutaway.text.template;

/** Counts what one rendering uses and ends it when a limit is reached. Every loop over a value's parts asks here first. */
final class Budget {
    private static final int CLOCK_EVERY = 1024;

    private final TemplateLimits limits;
    private final long deadline;
    private long steps;
    private long nextClock = CLOCK_EVERY;
    private long characters;
    private int depth;

    Budget(TemplateLimits limits) {
        this.limits = limits;
        this.deadline = System.nanoTime() + limits.time().toNanos();
    }

    void step() {
        steps(1);
    }

    /** Pays for {@code n} elements before they are touched. */
    void steps(long n) {
        steps += n;
        if (steps >= nextClock) {
            nextClock = steps + CLOCK_EVERY;
            checkClock();
        }
    }

    private void checkClock() {
        if (steps > limits.steps()) {
            throw limit("takes more than " + limits.steps() + " steps");
        }
        if (System.nanoTime() > deadline) {
            throw limit("takes longer than " + limits.time().toMillis() + " ms");
        }
    }

    /** Pays for {@code n} characters of text before they are made. */
    void text(long n) {
        characters += n;
        if (characters > limits.characters() || n < 0) {
            throw limit("makes more than " + limits.characters() + " characters of text");
        }
        steps(1 + n / 64);
    }

    /** Goes one level deeper; every call is paired with {@link #leave}. */
    void enter() {
        if (++depth > limits.depth()) {
            throw limit("nests deeper than " + limits.depth() + " levels");
        }
        step();
    }

    void leave() {
        depth--;
    }

    private static TemplateFailure limit(String what) {
        return new TemplateFailure(TemplateFailure.Cause.LIMIT, what);
    }

    /** Python's {@code ==}, paid for by the element. */
    boolean same(Value a, Value b) {
        return Compare.same(this, a, b);
    }
}
