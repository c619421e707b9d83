package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rules hold for the code, and each of them fails for a class that breaks it. */
final class ArchitectureTest {
    private static final String BROKEN = "dev.cutaway.verification.broken";

    /** The published modules, whatever their tests and this module do. */
    private static final JavaClasses CODE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption((Location location) -> !location.contains("/verification/"))
            .importPackages("dev.cutaway");

    private static final JavaClasses WRONG = new ClassFileImporter().importPackages(BROKEN);

    @Test
    void allModulesAreLookedAt() {
        for (String module : Rules.modules()) {
            assertThat(CODE).as(module).anyMatch(type -> type.getPackageName().startsWith("dev.cutaway." + module));
        }
    }

    @TestFactory
    Stream<DynamicTest> rulesHold() {
        return rules("dev.cutaway").map(rule -> DynamicTest.dynamicTest(rule.getDescription(), () -> rule.check(CODE)));
    }

    /** A rule that cannot fail is no rule: the classes below {@code broken} break each of them. */
    @TestFactory
    Stream<DynamicTest> rulesCanFail() {
        return rules(BROKEN)
                .filter(rule -> !rule.getDescription().startsWith("cli may use")) // the last one may use all
                .map(rule -> DynamicTest.dynamicTest(
                        rule.getDescription(),
                        () -> assertThat(rule.evaluate(WRONG).hasViolation()).isTrue()));
    }

    private static Stream<ArchRule> rules(String root) {
        Rules rules = new Rules(root);
        return Stream.concat(
                Rules.modules().stream().map(rules::direction),
                List.of(
                        rules.vectorsInKernelsOnly(),
                        rules.systemLoggerOnly(),
                        rules.consoleInCommandOnly(),
                        rules.ownedMemory(),
                        rules.noAsserts())
                        .stream());
    }
}
