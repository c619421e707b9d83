package dev.cutaway.model.hub;

import dev.cutaway.tensor.UsageException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on the hub, or one file of it: {@code hf:owner/name}, {@code hf:owner/name/file.gguf}; after the name
 * {@code @} and a branch, tag or commit.
 *
 * @param owner the account
 * @param name the repository
 * @param revision a branch, tag or commit; {@code main} where none is given
 * @param file a path in the repository; empty for the whole model
 */
public record HubReference(String owner, String name, String revision, Optional<String> file) {
    /** What a model argument begins with. */
    public static final String PREFIX = "hf:";

    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,95}");
    private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,95}");
    private static final Pattern FORM = Pattern.compile("hf:([^/@]+)/([^/@]+)(?:@([^/]+))?(?:/(.+))?");

    public HubReference {
        check(PART, "owner", owner);
        check(PART, "name", name);
        check(REVISION, "revision", revision);
        if (owner.contains("..") || name.contains("..") || owner.contains("--") || name.contains("--")) {
            throw new UsageException("hf:" + owner + "/" + name + ": no model has such a name; check it");
        }
        file.ifPresent(SafeNames::checkArgument);
    }

    private static void check(Pattern pattern, String what, String value) {
        if (!pattern.matcher(value).matches()) {
            throw new UsageException("hf: " + what + " '" + SafeNames.shown(value)
                    + "' has characters that none on the hub has; write hf:owner/name or hf:owner/name/file");
        }
    }

    /** Whether a model argument means the hub. */
    public static boolean is(String argument) {
        return argument.startsWith(PREFIX);
    }

    /**
     * Reads {@code hf:owner/name[@revision][/file]}.
     *
     * @throws UsageException where it has another form
     */
    public static HubReference parse(String argument) {
        Matcher m = FORM.matcher(argument);
        if (!m.matches()) {
            throw new UsageException(
                    SafeNames.shown(argument) + ": not a model on the hub; write hf:owner/name or hf:owner/name/file");
        }
        String revision = m.group(3) == null ? "main" : m.group(3);
        return new HubReference(m.group(1), m.group(2), revision, Optional.ofNullable(m.group(4)));
    }

    /** {@code owner/name}. */
    public String repository() {
        return owner + "/" + name;
    }

    @Override
    public String toString() {
        String version = revision.equals("main") ? "" : "@" + revision;
        return PREFIX + repository() + version + file.map(f -> "/" + f).orElse("");
    }
}
