package dev.cutaway.cli;

import dev.cutaway.tensor.kernel.Kernels;
import java.lang.management.ManagementFactory;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** {@code cutaway doctor}: what this machine and this JVM offer, and what would make them faster. */
@Command(name = "doctor", description = "JDK, flags, cores, memory, and how to get faster.")
final class Doctor implements Runnable {
    private static final double GIB = 1L << 30;

    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli before anything runs
    private Cutaway cutaway;

    @Override
    public void run() {
        Runtime runtime = Runtime.getRuntime();
        line("Cutaway", Version.number());
        line(
                "JDK",
                Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
        line("JVM", System.getProperty("java.vm.name"));
        line("flags", flags());
        line("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        line("cores", runtime.availableProcessors() + ", " + cutaway.threads() + " used (--threads)");
        line("memory", memory(runtime.maxMemory()));
        line("kernels", Kernels.explain());
    }

    private static void line(String name, String text) {
        System.out.printf("%-8s %s%n", name, text);
    }

    private static String flags() {
        List<String> flags = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-Dcutaway."))
                .toList();
        return flags.isEmpty() ? "none" : String.join(" ", flags);
    }

    private static String memory(long heap) {
        String text = "Java heap at most %.1f GiB".formatted(heap / GIB);
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system) {
            text = "%.1f GiB, %s; weights lie outside the heap".formatted(system.getTotalMemorySize() / GIB, text);
        }
        return text;
    }
}
