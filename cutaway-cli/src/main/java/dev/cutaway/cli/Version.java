package dev.cutaway.cli;

import java.lang.module.ModuleDescriptor;
import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the version that the build wrote into the module. */
final class Version implements IVersionProvider {
    /** For instance {@code 0.1.0-SNAPSHOT}. */
    static String number() {
        return Optional.ofNullable(Version.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("development");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"cutaway " + number()};
    }
}
