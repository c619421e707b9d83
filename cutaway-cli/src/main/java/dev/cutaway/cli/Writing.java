package dev.cutaway.cli;

import dev.cutaway.model.Generation;
import dev.cutaway.model.Session;

/** Shows a text while it is generated: as text, or as an object a token and one at the end. */
final class Writing {
    private final Session session;
    private final Out out;
    private final boolean json;
    private boolean warned;
    private boolean endsWithNewline = true;

    Writing(Session session, Out out, boolean json) {
        this.session = session;
        this.out = out;
        this.json = json;
    }

    /** Takes a token as it comes. */
    void token(Generation.Token token) {
        if (json) {
            out.line(Json.of(Json.object("id", token.id(), "text", token.text(), "logprob", token.logprob())));
        } else {
            show(token.text());
        }
        out.flush();
        if (!warned && session.beyondContext()) {
            warned = true;
            System.err.println("note: the text is now longer than the "
                    + session.model().sizes().context()
                    + " positions that the model was made for; what follows may be nonsense");
        }
        if (out.abandoned()) {
            session.cancel();
        }
    }

    private void show(String text) {
        if (!text.isEmpty()) {
            String safe = Terminal.output() ? printable(text) : text;
            out.text(safe);
            endsWithNewline = safe.endsWith("\n");
        }
    }

    /** A terminal obeys control characters, and a model may write any. */
    static String printable(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        text.codePoints()
                .filter(c -> c == '\n' || c == '\t' || !Character.isISOControl(c))
                .forEach(safe::appendCodePoint);
        return safe.toString();
    }

    /** Ends the text, or prints the numbers. */
    void end(Generation g, String shown) {
        if (json) {
            out.line(Json.of(Json.object(
                    "prompt_tokens", g.promptTokens(),
                    "generated_tokens", g.tokens().size(),
                    "prompt_tokens_per_s", g.promptTokensPerSecond(),
                    "generated_tokens_per_s", g.generatedTokensPerSecond(),
                    "first_token_s", g.promptSeconds(),
                    "stop", g.stop().toString())));
        } else {
            // What a decoder or a stop text held back until the end has not come with any token.
            if (g.text().length() > shown.length()) {
                show(g.text().substring(shown.length()));
            }
            if (!endsWithNewline || g.text().isEmpty()) {
                out.line("");
            }
        }
        out.flush();
        if (Log.verbose()) {
            System.err.printf(
                    "%d prompt tokens, %.1f/s; %d generated, %.1f/s; first token after %.2f s; ended by %s%n",
                    g.promptTokens(),
                    g.promptTokensPerSecond(),
                    g.tokens().size(),
                    g.generatedTokensPerSecond(),
                    g.promptSeconds(),
                    g.stop());
        }
    }
}
