package dev.cutaway.tensor;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The one table from dtype to its codec. */
public final class Codecs {
    private static final Map<DType, Codec> ALL = new EnumMap<>(DType.class);

    static {
        for (List<? extends Codec> family : List.of(PlainCodecs.ALL, SmallBlocks.ALL, KBlocks.ALL, TableBlocks.ALL)) {
            for (Codec codec : family) {
                ALL.put(codec.dtype(), codec);
            }
        }
        if (ALL.size() != DType.values().length) {
            throw new IllegalStateException("only " + ALL.keySet() + " have codecs");
        }
    }

    private Codecs() {}

    /** The codec of a dtype. */
    public static Codec of(DType dtype) {
        Codec codec = ALL.get(dtype);
        if (codec == null) {
            throw new IllegalStateException("no codec for " + dtype);
        }
        return codec;
    }
}
