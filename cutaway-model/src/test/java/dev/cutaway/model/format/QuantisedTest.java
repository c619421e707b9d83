package dev.cutaway.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.tensor.Codec;
import dev.cutaway.tensor.Codecs;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.QuantBlock;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every block format against gguf-py's decoder and ggml's own encoders; the files say how they were made. */
final class QuantisedTest {
    private static Checkpoint open(String name) {
        return Checkpoint.open(Path.of(System.getProperty("cutaway.root", ".."), "verification", name));
    }

    private static Tensor blocks(Checkpoint from, String name, DType dtype) {
        Tensor bytes = from.require(name);
        return Tensor.of(dtype, bytes.data(), bytes.dim(0), bytes.dim(1) / dtype.blockBytes() * dtype.blockSize());
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4"})
    void decodesAsTheReference(DType dtype) {
        try (Checkpoint golden = open("golden/quantised.safetensors")) {
            Tensor tensor = blocks(golden, dtype + ".blocks", dtype);
            float[] expected = golden.require(dtype + ".values").toFloats();
            assertThat(tensor.toFloats()).containsExactly(expected);
            for (int i = 0; i < expected.length; i++) {
                QuantBlock block = tensor.describe(i);
                assertThat(tensor.get(i)).isEqualTo(expected[i]);
                assertThat(block.value()).isEqualTo(expected[i]);
                assertThat(block.block()).isEqualTo(i / dtype.blockSize());
                assertThat(block.byteOffset()).isEqualTo((long) i / dtype.blockSize() * dtype.blockBytes());
                assertThat(block.position()).isEqualTo(i % dtype.blockSize());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4"})
    void encodesByteForByteAsTheReference(DType dtype) {
        try (Checkpoint golden = open("golden/quantised.safetensors")) {
            Tensor source = golden.require(dtype + ".source");
            assertThat(source.to(dtype)
                            .data()
                            .mismatch(blocks(golden, dtype + ".written", dtype).data()))
                    .isEqualTo(-1);
        }
        try (Checkpoint ggml = open("quant/encoded.safetensors")) {
            Tensor ours = ggml.require("source").to(dtype);
            assertThat(ours.data().mismatch(blocks(ggml, dtype.name(), dtype).data()))
                    .isEqualTo(-1);
        }
    }

    private static double error(float[] a, float[] b, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(sum / (to - from));
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"})
    void encodesWithNoMoreErrorThanTheReference(DType dtype) {
        try (Checkpoint ggml = open("quant/encoded.safetensors")) {
            Tensor source = ggml.require("source");
            Tensor theirs = blocks(ggml, dtype.name(), dtype);
            Tensor ours = source.to(dtype);
            float[] exact = source.toFloats();
            for (int row = 0; row < source.dim(0); row++) {
                double mine = error(exact, ours.toFloats(), row * 256, row * 256 + 256);
                double reference = error(exact, theirs.toFloats(), row * 256, row * 256 + 256);
                assertThat(mine).as("row %d", row).isLessThanOrEqualTo(reference * 1.001 + 1e-12);
            }
            long same = 0;
            for (long i = 0; i < source.size(); i++) {
                same += ours.describe(i).code() == theirs.describe(i).code() ? 1 : 0;
            }
            assertThat((double) same / source.size()).isGreaterThan(0.99);
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void aSecondTripChangesNothing(DType dtype) {
        long seed = 31;
        Random random = new Random(seed);
        float[] values = new float[2 * 256];
        for (int i = 0; i < values.length; i++) {
            values[i] = dtype.integer() ? random.nextInt(2) : (float) random.nextGaussian();
        }
        Tensor once = Tensor.of(values, 2, 256).to(dtype);
        float[] read = once.toFloats();
        double worst = dtype == DType.Q2_K ? 1.0 : 0.6;
        for (int i = 0; i < values.length; i++) {
            assertThat(read[i]).as("seed %d, %s, element %d", seed, dtype, i).isCloseTo(values[i], within(worst));
            assertThat(once.get(i)).isEqualTo(read[i]);
        }
        Codec codec = Codecs.of(dtype);
        float[] part = new float[256];
        codec.decode(once.data(), 256, part, 0, 256);
        assertThat(part).containsExactly(Arrays.copyOfRange(read, 256, 512));
        if (!dtype.quantised()) {
            assertThat(once.widen().to(dtype).data().mismatch(once.data())).isEqualTo(-1);
        }
    }

    private static org.assertj.core.data.Offset<Float> within(double worst) {
        return org.assertj.core.data.Offset.offset((float) worst);
    }
}
