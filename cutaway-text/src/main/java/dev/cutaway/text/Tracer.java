package dev.cutaway.text;

import dev.cutaway.text.join.Part;
import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.pipeline.AddedTokens;
import dev.cutaway.text.pipeline.Encoder;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.split.Cut;
import dev.cutaway.text.subword.Tokens;
import dev.cutaway.text.trace.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs a pipeline slowly and writes down what happens. */
final class Tracer {
    private final Pipeline pipeline;
    private final Encoder encoder;

    Tracer(Pipeline pipeline, Encoder encoder) {
        this.pipeline = pipeline;
        this.encoder = encoder;
    }

    Trace trace(String text, EncodeOptions options) {
        List<Trace.Section> sections = new ArrayList<>();
        for (AddedTokens.Section section :
                pipeline.added().divide(text, pipeline.normaliser(), options.parseSpecial())) {
            sections.add(
                    switch (section) {
                        case AddedTokens.Section.Found f ->
                            new Trace.Found(
                                    f.token().id(),
                                    f.token().content(),
                                    f.token().special(),
                                    f.start(),
                                    f.end());
                        case AddedTokens.Section.Text t -> textSection(t.text());
                    });
        }
        Part part = encoder.encode(text, 0, options.parseSpecial());
        Encoding all = new Encoding(pipeline.postProcessor().apply(List.of(part), options.addSpecial()));
        return new Trace(
                text,
                pipeline.normaliser().describe(),
                pipeline.preTokenizer().describe(),
                pipeline.model().describe(),
                sections,
                Arrays.stream(all.ids()).boxed().toList());
    }

    private Trace.Text textSection(AlignedText text) {
        Cut cut = pipeline.preTokenizer().apply(Cut.whole(text));
        List<Trace.PreToken> preTokens = new ArrayList<>();
        for (int i = 0; i < cut.count(); i++) {
            preTokens.add(preToken(cut, i));
        }
        int n = text.length();
        return new Trace.Text(
                text.text(),
                preTokens,
                n == 0 ? text.base() : text.start()[0],
                n == 0 ? text.base() : text.end()[n - 1]);
    }

    private Trace.PreToken preToken(Cut cut, int i) {
        Tokens tokens = new Tokens();
        pipeline.model().encode(cut.text().text(), cut.from(i), cut.to(i), tokens);
        Pipeline.PartBuilder builder = new Pipeline.PartBuilder(tokens.count());
        for (int k = 0; k < tokens.count(); k++) {
            builder.add(tokens, k, cut.text());
        }
        Part part = builder.done(0);
        List<Trace.Token> out = new ArrayList<>();
        for (int k = 0; k < part.ids().length; k++) {
            String piece = pipeline.model().vocabulary().piece(part.ids()[k]);
            out.add(new Trace.Token(part.ids()[k], piece == null ? "" : piece, part.starts()[k], part.ends()[k]));
        }
        return new Trace.PreToken(
                cut.piece(i),
                cut.text().start()[cut.from(i)],
                cut.text().end()[cut.to(i) - 1],
                out,
                pipeline.model().explain(cut.text().text(), cut.from(i), cut.to(i)));
    }
}
