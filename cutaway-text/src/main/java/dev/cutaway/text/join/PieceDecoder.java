package dev.cutaway.text.join;

import java.util.List;
import java.util.function.Consumer;

/**
 * Turns pieces back into text. A decoder makes a {@link Flow}: pieces go in one by one and text comes out as soon as it can no
 * longer change, so that a stream of tokens and a whole decode run the same code and give the same text.
 */
public interface PieceDecoder {
    /** A new run, which hands what it makes to {@code out}. */
    Flow start(Consumer<String> out);

    /** One run over a sequence of pieces. */
    interface Flow {
        /** The next piece. */
        void accept(String piece);

        /** No more pieces: whatever was held back comes out. */
        void finish();
    }

    /** Several decoders, one after another; none at all puts a space between pieces. */
    record Chain(List<PieceDecoder> steps) implements PieceDecoder {
        public Chain {
            steps = List.copyOf(steps);
        }

        @Override
        public Flow start(Consumer<String> out) {
            Flow next = new Flow() {
                @Override
                public void accept(String piece) {
                    out.accept(piece);
                }

                @Override
                public void finish() {}
            };
            for (int i = steps.size() - 1; i >= 0; i--) {
                Flow after = next;
                Flow made = steps.get(i).start(after::accept);
                next = new Flow() {
                    @Override
                    public void accept(String piece) {
                        made.accept(piece);
                    }

                    @Override
                    public void finish() {
                        made.finish();
                        after.finish();
                    }
                };
            }
            return next;
        }
    }
}
