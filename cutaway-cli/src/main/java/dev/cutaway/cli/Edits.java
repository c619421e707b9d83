package dev.cutaway.cli;

import dev.cutaway.model.Look;
import dev.cutaway.model.Slice;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Interventions, written over a whole batch, as they apply to one of its rows.
 *
 * @param set replacements by name, in the batch's shape
 * @param ablate parts that become zero
 * @param mean parts that become their mean over the row's positions
 */
record Edits(Map<String, Tensor> set, List<Slice> ablate, List<Slice> mean) {
    /** Reads {@code --set NAME=FILE}, {@code --ablate} and {@code --ablate-mean}. */
    static Edits read(List<String> set, List<String> ablate, List<String> mean) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String s : set) {
            int at = s.indexOf('=');
            if (at < 1 || at == s.length() - 1) {
                throw new UsageException("--set " + s + ": write NAME=FILE.safetensors");
            }
            String name = s.substring(0, at);
            tensors.put(name, tensor(name, Path.of(s.substring(at + 1))));
        }
        return new Edits(
                tensors,
                ablate.stream().map(Slice::parse).toList(),
                mean.stream().map(Slice::parse).toList());
    }

    private static Tensor tensor(String name, Path path) {
        try (Safetensors file = Safetensors.open(path)) {
            Optional<Tensor> t = file.tensor(name);
            if (t.isEmpty() && file.names().size() == 1) {
                t = file.tensor(file.names().getFirst());
            }
            Tensor found = t.orElseThrow(() -> new BadInputException(path + ": holds no tensor " + name + "; it has "
                    + file.names().size() + ", of which none is meant"));
            return Tensor.of(found.toFloats(), found.shape());
        }
    }

    /** The look with these interventions, for row {@code b} of a batch. */
    Look apply(Look look, BatchRows rows, int b) {
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        look.list().forEach(i -> infos.put(i.name(), i));
        Look edited = look;
        for (Map.Entry<String, Tensor> e : set.entrySet()) {
            TensorInfo info = infos.get(e.getKey());
            edited = edited.replace(e.getKey(), info == null ? e.getValue() : rows.part(info, e.getValue(), b));
        }
        for (Slice s : ablate) {
            edited = edited.ablate(parts(s, infos, rows, b));
        }
        for (Slice s : mean) {
            edited = edited.ablateMean(parts(s, infos, rows, b));
        }
        return edited;
    }

    /** The part of a slice over the batch that lies in row {@code b}: none or one. */
    private static Slice[] parts(Slice slice, Map<String, TensorInfo> infos, BatchRows rows, int b) {
        TensorInfo info = infos.get(slice.name());
        if (info == null || rows.plain()) {
            return new Slice[] {slice};
        }
        List<Slice.Part> own = new ArrayList<>();
        for (int axis = 0; axis < slice.parts().size() && axis < info.sizes().size(); axis++) {
            long size = rows.size(info, axis);
            Slice.Part p = slice.parts().get(axis);
            long from = p.from() < 0 ? p.from() + size : p.from();
            long to = p.to() == Long.MAX_VALUE ? size : p.to() < 0 ? p.to() + size : p.to();
            if (from < 0 || to > size || from >= to) {
                throw new UsageException("'" + slice + "': index " + axis + " is outside 0 to " + (size - 1));
            }
            int shift = rows.shift(info, axis, b);
            long first = Math.max(0, from - shift);
            long end = Math.min(info.sizes().get(axis), to - shift);
            if (first >= end) {
                return new Slice[0];
            }
            own.add(new Slice.Part(first, end));
        }
        return new Slice[] {new Slice(slice.name(), own)};
    }
}
