package dev.cutaway.inspect;

import dev.cutaway.inspect.InspectedModel.Part;
import dev.cutaway.inspect.InspectedModel.Piece;
import dev.cutaway.inspect.InspectedModel.Step;
import dev.cutaway.inspect.InspectedModel.Trace;
import dev.cutaway.text.trace.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** A tokenizer's trace, flattened for the page. */
final class Traces {
    private Traces() {}

    static Trace of(dev.cutaway.text.trace.Trace trace, IntFunction<String> word) {
        List<Part> parts = new ArrayList<>();
        StringBuilder normalised = new StringBuilder();
        for (var section : trace.sections()) {
            switch (section) {
                case dev.cutaway.text.trace.Trace.Found found -> {
                    normalised.append(found.content());
                    Piece piece = new Piece(found.id(), found.content());
                    parts.add(new Part(found.content(), "whole", List.of(found.content()), List.of(), List.of(piece)));
                }
                case dev.cutaway.text.trace.Trace.Text text -> {
                    normalised.append(text.normalised());
                    text.preTokens().forEach(p -> parts.add(part(p)));
                }
            }
        }
        List<Piece> tokens =
                trace.ids().stream().map(id -> new Piece(id, word.apply(id))).toList();
        return new Trace(
                trace.text(),
                trace.normaliser(),
                normalised.toString(),
                trace.preTokenizer(),
                trace.model(),
                parts,
                tokens);
    }

    private static Part part(dev.cutaway.text.trace.Trace.PreToken p) {
        List<Piece> pieces =
                p.tokens().stream().map(t -> new Piece(t.id(), t.piece())).toList();
        return switch (p.steps()) {
            case Steps.Whole whole -> new Part(p.text(), "whole", List.of(whole.piece()), List.of(), pieces);
            case Steps.Merges merges ->
                new Part(
                        p.text(),
                        "merges",
                        merges.symbols(),
                        merges.merges().stream()
                                .map(m -> new Step(m.left(), m.right(), m.rank(), true, m.position(), m.position()))
                                .toList(),
                        pieces);
            case Steps.Lattice lattice -> new Part(p.text(), "lattice", List.of(), lattice(lattice), pieces);
            case Steps.LongestFirst longest ->
                new Part(
                        p.text(),
                        "longest",
                        List.of(),
                        longest.takes().stream()
                                .map(t -> new Step(t.piece(), "", t.tried(), true, t.from(), t.to()))
                                .toList(),
                        pieces);
        };
    }

    private static List<Step> lattice(Steps.Lattice lattice) {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < lattice.candidates().size(); i++) {
            Steps.Candidate c = lattice.candidates().get(i);
            steps.add(new Step(c.piece(), "", c.score(), lattice.best().contains(i), c.from(), c.to()));
        }
        return steps;
    }
}
