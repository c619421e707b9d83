package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.format.Converter;
import dev.cutaway.model.lora.Adapter;
import dev.cutaway.model.lora.Lora;
import dev.cutaway.model.lora.Merging;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutaway convert}: a model in another format or element type. */
@Command(
        name = "convert",
        description = "Writes a model in another format or with other element types, adapters merged.")
final class Convert implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(
            names = "--to",
            required = true,
            paramLabel = "TYPE",
            description = "The element type: f32, bf16, q8_0, q4_0 ...")
    @SuppressWarnings("NullAway.Init")
    private String to;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE.gguf|DIR",
            description = "A .gguf file or a directory, which must not exist yet.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Override
    public void run() {
        Path source = source();
        Converter.Result r = convert(source);
        r.notes().forEach(note -> System.err.println("note: " + note));
        try (Out result = new Out()) {
            result.line(r.out() + ": " + r.tensors() + " tensors, " + Describe.bytes(r.bytes()));
        }
    }

    private Converter.Result convert(Path source) {
        if (Adapter.isIn(source)) {
            throw new UsageException("convert " + source
                    + ": holds an adapter; give the directory of the model alone, and" + " --adapter " + source);
        }
        String type = to.toLowerCase(Locale.ROOT);
        if (model.adapters().isEmpty()) {
            try (Bar bar = new Bar()) {
                return Converter.convert(source, type, out, bar::at);
            }
        }
        List<Lora.Given> opened = new ArrayList<>();
        try (Model plain = Model.open(source.toString(), OpenOptions.defaults());
                Bar bar = new Bar()) {
            model.adapters().forEach(a -> opened.add(new Lora.Given(Adapter.open(a.directory()), a.weight())));
            return Converter.convert(source, type, out, bar::at, Optional.of(Merging.of(plain, opened)));
        } finally {
            opened.forEach(g -> g.adapter().close());
        }
    }

    /** The model's own file or directory; of embedded models and hf: names the file in the cache. */
    private Path source() {
        Optional<Path> path = model.path();
        if (path.isPresent()) {
            return path.get();
        }
        try (Model opened = model.openPlain()) {
            return opened.directory().orElse(opened.checkpoint().file());
        }
    }

    /** A bar whose length is known when the first bytes are written. */
    private static final class Bar implements AutoCloseable {
        private long of = -1;
        private Progress progress = new Progress("convert", 1);

        void at(long done, long total) {
            if (total != of) {
                of = total;
                progress = new Progress("convert", total);
            }
            progress.at(done);
        }

        @Override
        public void close() {
            progress.close();
        }
    }
}
