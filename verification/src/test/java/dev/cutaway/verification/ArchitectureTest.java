package dev.cutaway.verification;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.cutaway");

    @Test
    void tensorDependsOnNoOtherModule() {
        noClasses()
                .that()
                .resideInAPackage("dev.cutaway.tensor..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.cutaway.graph..", "dev.cutaway.model..")
                .check(CLASSES);
    }
}
