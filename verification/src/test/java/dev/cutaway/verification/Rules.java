package dev.cutaway.verification;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the code must keep to, for the packages below a root: {@code dev.cutaway} itself, or the deliberately wrong copy
 * that shows that each rule can fail.
 */
final class Rules {
    /** Each module with the modules that it may use; what is not named is forbidden. */
    private static final Map<String, List<String>> MAY_USE = mayUse();

    private final String root;

    Rules(String root) {
        this.root = root;
    }

    private static Map<String, List<String>> mayUse() {
        Map<String, List<String>> table = new LinkedHashMap<>();
        table.put("tensor", List.of());
        table.put("graph", List.of("tensor"));
        table.put("text", List.of("tensor"));
        table.put("model", List.of("tensor", "graph", "text"));
        table.put("train", List.of("tensor", "graph", "text", "model"));
        table.put("inspect", List.of("tensor", "graph", "text", "model"));
        table.put("cli", List.of("tensor", "graph", "text", "model", "train", "inspect"));
        return table;
    }

    static List<String> modules() {
        return List.copyOf(MAY_USE.keySet());
    }

    /** Dependencies point one way only. */
    ArchRule direction(String module) {
        String[] forbidden = modules().stream()
                .filter(other -> !other.equals(module))
                .filter(other -> !MAY_USE.getOrDefault(module, List.of()).contains(other))
                .map(this::packages)
                .toArray(String[]::new);
        return in(packages(module))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden.length == 0 ? new String[] {root + ".nothing.is.forbidden"} : forbidden)
                .as(module + " may use only " + MAY_USE.get(module))
                .allowEmptyShould(true);
    }

    /** The incubating Vector API stays where one change would replace it. */
    ArchRule vectorsInKernelsOnly() {
        return outside(root + ".tensor.kernel..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .as("the Vector API is used in tensor.kernel only");
    }

    /** One way of logging, and it needs no library. */
    ArchRule systemLoggerOnly() {
        return in(root + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.util.logging..", "org.slf4j..", "org.apache.commons.logging..", "org.apache.logging..")
                .as("logging goes through System.Logger only");
    }

    /** Streams and the end of the process belong to the command; a library has neither. */
    ArchRule consoleInCommandOnly() {
        return outside(packages("cli"))
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .accessField(System.class, "in")
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .as("System.in, out, err and exit are used in cli only");
    }

    /** Memory has an owner who gives it back, and is reached by supported ways. */
    ArchRule ownedMemory() {
        return in(root + "..")
                .should()
                .callMethod(Arena.class, "global")
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("sun.misc..", "jdk.internal..")
                .as("no Unsafe and no global arena");
    }

    /** Asserts are off in production, so nothing may rest on them. */
    ArchRule noAsserts() {
        return in(root + "..")
                .should()
                .callMethod(Class.class, "desiredAssertionStatus")
                .as("no assert: validation throws an exception with the numbers in its message");
    }

    private String packages(String module) {
        return root + "." + module + "..";
    }

    private static GivenClassesConjunction in(String packages) {
        return noClasses().that().resideInAPackage(packages);
    }

    private GivenClassesConjunction outside(String packages) {
        return noClasses().that().resideInAPackage(root + "..").and().resideOutsideOfPackage(packages);
    }
}
