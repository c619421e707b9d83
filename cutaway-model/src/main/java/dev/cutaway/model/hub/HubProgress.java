package dev.cutaway.model.hub;

/** What a download tells whoever shows it; called from the thread that downloads. */
public interface HubProgress {
    /** Tells nobody. */
    HubProgress SILENT = new HubProgress() {};

    /**
     * A download begins: what it brings is known. The list of a model's shards may have come before, since it is part of that.
     *
     * @param model the reference
     * @param files how many files are not whole yet
     * @param bytes their sizes together
     * @param present bytes of them that an earlier download left
     */
    default void begin(String model, int files, long bytes, long present) {}

    /**
     * A file begins.
     *
     * @param file its path in the repository
     * @param bytes its size
     * @param present bytes that an earlier download left
     */
    default void start(String file, long bytes, long present) {}

    /** So many bytes of the file are there. */
    default void at(String file, long bytes) {}

    /** The connection failed; the download goes on from where it is. */
    default void retry(String file, String reason) {}

    /** The file is there and its checksum is right. */
    default void done(String file) {}
}
