package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The quick way to read the arguments of {@code run} says what picocli says, or leaves them to it. */
class PlainRunTest {
    /** Options that may come several times, or end a run before it begins: picocli's alone. */
    private static final List<String> LEFT = List.of("--stop", "--adapter", "--logit-bias", "--help", "--version");

    private static final List<String> VALUES = List.of(
            "1",
            "0",
            "7",
            "0.5",
            "1e-3",
            "-5",
            "+3",
            " 4",
            "4 ",
            "2000",
            "99999999999",
            "NaN",
            "0x10",
            "1_000",
            "1d",
            "1L",
            "a b",
            "\"q\"",
            "'q'",
            "",
            "-",
            "--",
            "--raw",
            "-h",
            "@file",
            "a=b",
            "true",
            "${env:HOME}",
            "\u00e4");

    @Test
    void everyOptionOfRunIsReadAlike() {
        List<String> usual = new ArrayList<>();
        for (OptionSpec option : spec().options()) {
            for (String name : option.names()) {
                boolean plain = same("run", "model", name, "text");
                plain |= same("run", name, "model", "text");
                plain |= same("run", "model", "text", name);
                for (String value : VALUES) {
                    plain |= same("run", "model", "text", name, value);
                    plain |= same("run", name, value, "model");
                    plain |= same("run", "model", "text", name + "=" + value);
                    plain |= same("run", "model", "text", name, value, name, value);
                }
                if (!plain) {
                    usual.add(name);
                }
            }
        }
        usual.removeAll(List.of("-h", "-V"));
        assertThat(usual).as("options that PlainRun leaves to picocli").containsExactlyInAnyOrderElementsOf(LEFT);
    }

    @Test
    void textsAreReadAlike() {
        for (String value : VALUES) {
            same("run", "model", value);
            same("run", value, "text");
            same("run", "model", "text", value);
            same("run", value);
            same("run", "model", "--raw", value, "--json");
        }
        same("run");
        same("tales", "text");
        assertThat(same("run", "model", "The capital of France is", "--threads", "2", "--raw", "--max-tokens", "1"))
                .isTrue();
    }

    @Test
    void whatIsWrongIsLeftToPicocli() {
        for (String[] args : new String[][] {
            {"run"},
            {"run", "model", "--max-tokens"},
            {"run", "model", "--max-tokens", "many"},
            {"run", "model", "--threads", "0"},
            {"run", "model", "--threads", "1025"},
            {"run", "model", "--colour"},
            {"run", "model", "--raw", "--raw"},
            {"run", "model", "--raw=maybe"},
            {"run", "model", "text", "more"},
            {"run", "model", "--", "--text"},
            {"describe", "model"}
        }) {
            assertThat(PlainRun.read(args)).as(String.join(" ", args)).isEmpty();
        }
    }

    private static CommandLine.Model.CommandSpec spec() {
        return line("run").getSubcommands().get("run").getCommandSpec();
    }

    private static CommandLine line(String... args) {
        PrintWriter nowhere = new PrintWriter(new StringWriter());
        return CommandLines.commandLine(args, nowhere, nowhere);
    }

    /** Compares the two, and says whether picocli was not needed. */
    private static boolean same(String... args) {
        boolean verbose = Log.verbose();
        Optional<Run> plain;
        boolean plainVerbose;
        try {
            Log.verbose(false);
            plain = PlainRun.read(args);
            plainVerbose = Log.verbose();
            if (plain.isEmpty()) {
                return false;
            }
            Log.verbose(false);
            CommandLine line = line(args);
            try {
                CommandLine.ParseResult parsed = line.parseArgs(args).subcommand();
                Run run = (Run) parsed.commandSpec().userObject();
                String shown = String.join(" ", args);
                assertThat(state(plain.get())).as(shown).isEqualTo(state(run));
                assertThat(Log.verbose()).as(shown).isEqualTo(plainVerbose);
            } catch (CommandLine.ParameterException e) {
                throw new AssertionError(
                        String.join(" ", args) + ": picocli refuses what was taken: " + e.getMessage());
            }
            return true;
        } finally {
            Log.verbose(verbose);
        }
    }

    /** Everything that a command was given. */
    private static Map<String, Object> state(Run run) {
        try {
            Map<String, Object> state = new TreeMap<>();
            fields("", run, state);
            ModelOptions model = (ModelOptions) get(Run.class.getDeclaredField("model"), run);
            state.put("threads", model.threads());
            state.put("progress as JSON", model.json());
            return state;
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static void fields(String prefix, Object of, Map<String, Object> state)
            throws ReflectiveOperationException {
        for (Field f : of.getClass().getDeclaredFields()) {
            Object value = get(f, of);
            if (value instanceof GeneratingArguments
                    || value instanceof SamplingArguments
                    || value instanceof ModelOptions) {
                fields(prefix + f.getName() + ".", value, state);
            } else if (!Modifier.isStatic(f.getModifiers())
                    && !f.getName().equals("spec")
                    && !f.getName().startsWith("plain")) {
                state.put(prefix + f.getName(), String.valueOf(value));
            }
        }
    }

    private static Object get(Field f, Object of) throws ReflectiveOperationException {
        f.setAccessible(true);
        return f.get(of);
    }
}
