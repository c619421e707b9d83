package dev.cutaway.inspect;

import dev.cutaway.tensor.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A stand-in for a model: a token per character, one tensor {@code count[0, position, 4]} that counts. */
final class CountingModel implements InspectedModel {
    @Override
    public Facts facts() {
        return new Facts("counting", "test", "decoder", 1, 1, 1, 4, 4, 4, 128, 64, 10, 0.5, 300);
    }

    @Override
    public String word(int id) {
        return Character.toString(id);
    }

    @Override
    public Trace trace(String text) {
        return new Trace(text, "none", text, "none", "characters", List.of(), pieces(text));
    }

    private static List<Piece> pieces(String text) {
        return text.chars().mapToObj(c -> new Piece(c, Character.toString(c))).toList();
    }

    @Override
    public Sequence sequence() {
        return new Counting("");
    }

    private static final class Counting implements Sequence {
        private String text;
        private volatile boolean cancelled;

        Counting(String text) {
            this.text = text;
        }

        @Override
        public List<Piece> prompt(String given, int... then) {
            if (given.isEmpty()) {
                throw new BadInputException("no tokens: the text is empty; give at least one token");
            }
            text = given + new String(then, 0, then.length);
            return tokens();
        }

        @Override
        public List<Piece> tokens() {
            return pieces(text);
        }

        @Override
        public void generate(Settings settings, int most, Consumer<Generated> onToken) {
            cancelled = false;
            for (int i = 0; i < most && !cancelled; i++) {
                text += 'a';
                onToken.accept(new Generated(new Piece('a', "a"), "a"));
                pause(i < 4 ? 0 : 20);
            }
        }

        private static void pause(int millis) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void truncate(int length) {
            text = text.substring(0, length);
        }

        @Override
        public List<Named> list() {
            return List.of(new Named(
                    "count",
                    List.of("batch", "position", "coordinate"),
                    List.of(1L, (long) text.length(), 4L),
                    "counts"));
        }

        @Override
        public Matrix rows(String name, int from, int to, BooleanSupplier dropped) {
            if (!name.equals("count")) {
                throw new BadInputException("no tensor '" + name + "'; the nearest is 'count'");
            }
            if (dropped.getAsBoolean()) {
                throw new CancellationException();
            }
            float[] values = new float[(to - from) * 4];
            for (int i = 0; i < values.length; i++) {
                values[i] = from * 4 + i;
            }
            return new Matrix(new long[] {1, to - from, 4}, values);
        }

        @Override
        public Derivation explain(String name, long... index) {
            Factor one = new Factor("count", new long[] {0, 0, 1}, 1, true, false, "");
            List<Term> terms = new ArrayList<>();
            for (int i = 0; i < index[2]; i++) {
                terms.add(new Term(1, "step " + i, List.of(one)));
            }
            return new Derivation(
                    name, index, index[2], "a count", "n", terms, 0, 0, true, index[2], 0, false, List.of());
        }

        @Override
        public Draw draw(int position, Settings settings, int candidates) {
            Candidate a = new Candidate('a', "a", 1, 1, 1, "", "", 1, 0);
            return new Draw(List.of(new Stage("temperature", 1)), List.of(a), List.of(1), List.of(1f), 0, a);
        }

        @Override
        public double agreement() {
            return Double.NaN;
        }

        @Override
        public Sequence fork() {
            return new Counting(text);
        }

        @Override
        public void close() {
            cancelled = true;
        }
    }
}
