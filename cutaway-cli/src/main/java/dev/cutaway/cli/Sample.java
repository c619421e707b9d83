package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One input of a model: a row of a batch without its padding.
 *
 * @param tokens ids of the text; of the target where there is a source
 * @param types sentence of each token; empty for all 0
 * @param rows where each token stood in the batch
 * @param length positions of the batch, padding included
 * @param source ids of the source
 * @param sourceRows where each of them stood
 * @param sourceLength positions of the sources, padding included
 * @param pixels {@code [channel, height, width]}, at most one
 */
record Sample(
        int[] tokens,
        int[] types,
        int[] rows,
        int length,
        int[] source,
        int[] sourceRows,
        int sourceLength,
        List<Tensor> pixels) {

    static Sample text(int[] tokens, int[] types) {
        return new Sample(tokens, types, range(tokens.length), tokens.length, new int[0], new int[0], 0, List.of());
    }

    static Sample pair(int[] source, int[] target) {
        return new Sample(
                target,
                new int[0],
                range(target.length),
                target.length,
                source,
                range(source.length),
                source.length,
                List.of());
    }

    static Sample image(Tensor pixels) {
        return new Sample(new int[0], new int[0], new int[0], 0, new int[0], new int[0], 0, List.of(pixels));
    }

    /** The same words behind an image. */
    Sample behind(Sample image) {
        return new Sample(tokens, types, rows, length, source, sourceRows, sourceLength, image.pixels);
    }

    static int[] range(int n) {
        return IntStream.range(0, n).toArray();
    }

    /** Runs it through a new session. */
    Session run(Model model) {
        Session session = model.session();
        try {
            switch (model.family()) {
                case DECODER -> {
                    if (!pixels.isEmpty()) {
                        session.image(pixels.getFirst());
                    }
                    if (tokens.length > 0 || pixels.isEmpty()) {
                        session.append(tokens);
                    }
                }
                case ENCODER -> session.encode(tokens, types, contiguous() ? new int[0] : rows);
                case ENCODER_DECODER -> {
                    session.source(source);
                    session.append(tokens);
                }
                case VISION -> session.image(pixels.getFirst());
            }
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /** Where an encoder's tokens stand. */
    int[] positions() {
        return contiguous() ? range(tokens.length) : rows;
    }

    private boolean contiguous() {
        return rows.length == 0 || rows[rows.length - 1] == rows.length - 1;
    }
}
