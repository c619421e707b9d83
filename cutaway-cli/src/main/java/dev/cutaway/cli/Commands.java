package dev.cutaway.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;

/**
 * All commands. Only the one that is called is built, since building a command means reading its annotations: all of them
 * would take longer than some need to answer.
 */
final class Commands {
    private static final Map<String, Supplier<Object>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("inspect", Inspect::new);
        ALL.put("run", Run::new);
        ALL.put("translate", Translate::new);
        ALL.put("fill", Fill::new);
        ALL.put("embed", Embed::new);
        ALL.put("classify", Classify::new);
        ALL.put("tokenize", Tokenize::new);
        ALL.put("probe", Probe::new);
        ALL.put("describe", Describe::new);
        ALL.put("train", Train::new);
        ALL.put("eval", Eval::new);
        ALL.put("bench", Bench::new);
        ALL.put("convert", Convert::new);
        ALL.put("models", Models::new);
        ALL.put("doctor", Doctor::new);
    }

    private Commands() {}

    static Set<String> names() {
        return ALL.keySet();
    }

    /** Adds the command that the arguments call; all if they call none, so that help and suggestions know them. */
    static void add(CommandLine line, String[] args) {
        if (args.length > 0 && ALL.containsKey(args[0])) {
            line.addSubcommand(args[0], ALL.get(args[0]).get());
            return;
        }
        ALL.forEach((name, command) -> line.addSubcommand(name, command.get()));
        CommandLine completion = new CommandLine(new picocli.AutoComplete.GenerateCompletion());
        completion.getCommandSpec().usageMessage().hidden(true);
        line.addSubcommand("generate-completion", completion);
    }
}
