package dev.cutaway.model;

import dev.cutaway.model.hub.HubProgress;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.UsageException;
import java.util.List;

/**
 * How a model is opened.
 *
 * @param threads threads that run it
 * @param exact quantised weights widened to float32 and nothing rounded on the way; slower, more memory
 * @param cache how sessions keep keys and values: F32, or F16, which takes half the memory and rounds them to 11 bits
 * @param progress told of downloads
 * @param adapters what is added to its weights
 */
public record OpenOptions(int threads, boolean exact, DType cache, HubProgress progress, List<AdapterChoice> adapters) {
    public OpenOptions {
        adapters = List.copyOf(adapters);
        if (threads < 1 || threads > 1024) {
            throw new UsageException("--threads " + threads + ": from 1 to 1024");
        }
        if (cache != DType.F32 && cache != DType.F16) {
            throw new UsageException("--cache " + cache + ": f32 or f16");
        }
    }

    /** All processors, fast path, silent. */
    public static OpenOptions defaults() {
        return new OpenOptions(
                Runtime.getRuntime().availableProcessors(), false, DType.F32, HubProgress.SILENT, List.of());
    }

    public OpenOptions withThreads(int n) {
        return new OpenOptions(n, exact, cache, progress, adapters);
    }

    public OpenOptions withExact(boolean e) {
        return new OpenOptions(threads, e, cache, progress, adapters);
    }

    public OpenOptions withCache(DType c) {
        return new OpenOptions(threads, exact, c, progress, adapters);
    }

    public OpenOptions withProgress(HubProgress p) {
        return new OpenOptions(threads, exact, cache, p, adapters);
    }

    public OpenOptions withAdapters(List<AdapterChoice> a) {
        return new OpenOptions(threads, exact, cache, progress, a);
    }
}
