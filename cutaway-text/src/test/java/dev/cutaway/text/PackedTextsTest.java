package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PackedTextsTest {
    @Test
    void holdsWhatItWasGiven() {
        long seed = 1;
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>(List.of("", "\uD800", "\uDC00\uD800", "a\uDFFFb"));
        for (int i = 0; i < 2000; i++) {
            texts.add(AwkwardText.of(random, 6));
        }
        PackedTexts packed = PackedTexts.of(texts);
        assertThat(packed).as("seed %d", seed).isEqualTo(texts);
        assertThat(packed.hasEmpty()).isTrue();
        assertThat(PackedTexts.of(packed)).isSameAs(packed);
        assertThat(PackedTexts.of(List.of("a", "\u00E9")).hasEmpty()).isFalse();
    }

    @Test
    void bytesThatAreNotUtf8AreReadAsTheJdkReadsThem() {
        long seed = 2;
        Random random = new Random(seed);
        int[] awkward = {
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0,
            0xF1, 0xF4, 0xF5, 0xFF
        };
        PackedTexts.Builder builder = new PackedTexts.Builder(1, 1);
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 50_000; round++) {
            byte[] bytes = new byte[random.nextInt(7)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) awkward[random.nextInt(awkward.length)];
            }
            builder.add(bytes, 0, bytes.length);
            expected.add(new String(bytes, StandardCharsets.UTF_8));
            assertThat(builder.get(round)).as("seed %d, round %d", seed, round).isEqualTo(expected.get(round));
        }
        assertThat(builder.build()).isEqualTo(expected);
    }
}
