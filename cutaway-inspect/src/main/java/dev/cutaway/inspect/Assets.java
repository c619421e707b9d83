package dev.cutaway.inspect;

import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** The page's files, as they lie in this module: read once, served from memory. */
final class Assets {
    /** A file: its bytes and its media type. */
    record Asset(byte[] bytes, String type) {}

    private final Map<String, Asset> files = new LinkedHashMap<>();

    Assets() {
        add("/", "index.html", "text/html; charset=utf-8");
        add("/app.js", "app.js", "text/javascript; charset=utf-8");
        add("/app.css", "app.css", "text/css; charset=utf-8");
        add("/icon.svg", "icon.svg", "image/svg+xml");
    }

    /** The paths that exist. */
    Map<String, Asset> files() {
        return files;
    }

    private void add(String path, String name, String type) {
        try (InputStream in = Assets.class.getResourceAsStream("web/" + name)) {
            if (in == null) {
                throw new ResourceException(
                        "the inspector's page is not in this build (" + name + "); build it with mvn package");
            }
            files.put(path, new Asset(in.readAllBytes(), type));
        } catch (IOException e) {
            throw new ResourceException("the inspector's page cannot be read (" + name + "): " + e.getMessage());
        }
    }
}
