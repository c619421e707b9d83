package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The launcher starts from the class path, where only {@code META-INF/services} counts; modules declare in module-info. */
final class ServicesTest {
    @Test
    void servicesAreDeclaredForClassPathAndModulePathAlike() throws IOException {
        int modules = 0;
        for (URL info : Collections.list(getClass().getClassLoader().getResources("module-info.class"))) {
            ModuleDescriptor module;
            try (InputStream in = info.openStream()) {
                module = ModuleDescriptor.read(in);
            }
            if (!module.name().startsWith("dev.cutaway.")) {
                continue;
            }
            modules++;
            for (ModuleDescriptor.Provides provided : module.provides()) {
                assertThat(listed(info, provided.service()))
                        .as("META-INF/services/%s of %s", provided.service(), module.name())
                        .containsExactlyInAnyOrderElementsOf(provided.providers());
            }
        }
        assertThat(modules).isEqualTo(Rules.modules().size());
    }

    private static List<String> listed(URL moduleInfo, String service) throws IOException {
        String base = moduleInfo.toString().replace("module-info.class", "");
        try (InputStream in = URI.create(base + "META-INF/services/" + service.replace("$", "%24"))
                .toURL()
                .openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
        }
    }
}
