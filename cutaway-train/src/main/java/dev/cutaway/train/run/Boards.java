package dev.cutaway.train.run;

import java.util.Optional;

/** TensorBoard's files of a run, if the recipe wants them. */
record Boards(Optional<TensorBoard> board) implements AutoCloseable {
    static Boards of(Recipe r, long done) {
        return new Boards(r.tensorboard().map(d -> new TensorBoard(d, done)));
    }

    Optional<RunListener> listener() {
        return board.map(RunListener.class::cast);
    }

    @Override
    public void close() {
        board.ifPresent(TensorBoard::close);
    }
}
