package dev.cutaway.text.subword;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.text.AwkwardText;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The table equals a map of strings. */
class PieceTableTest {
    private final long seed = 3;
    private final Random random = new Random(seed);

    @Test
    void equalsAMap() {
        @Nullable String[] pieces = new String[5000];
        Map<String, Integer> map = new HashMap<>();
        int longest = 0;
        for (int id = 0; id < pieces.length; id++) {
            if (random.nextInt(10) > 0) {
                String piece = AwkwardText.of(random, 3);
                pieces[id] = piece;
                map.put(piece, id);
                longest = Math.max(longest, piece.length());
            }
        }
        PieceTable table = PieceTable.of(pieces);
        assertThat(table.size()).isEqualTo(pieces.length);
        assertThat(table.count()).isEqualTo(map.size());
        assertThat(table.longest()).isEqualTo(longest);
        for (int id = 0; id < pieces.length; id++) {
            String piece = pieces[id];
            assertThat(table.piece(id)).isEqualTo(piece);
            assertThat(table.length(id)).isEqualTo(piece == null ? 0 : piece.length());
        }
        for (int round = 0; round < 50_000; round++) {
            String s = AwkwardText.of(random, 4);
            int from = random.nextInt(s.length());
            int to = from + random.nextInt(s.length() - from + 1);
            int id = map.getOrDefault(s.substring(from, to), -1);
            assertThat(table.find(s, from, to))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(id);
            int middle = from + random.nextInt(to - from + 1);
            String prefix = s.substring(from, middle);
            if (prefix.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
                assertThat(table.find(prefix.getBytes(StandardCharsets.UTF_8), s, middle, to))
                        .isEqualTo(id);
            }
        }
        assertThat(table.find("x".repeat(100_000))).isEqualTo(-1);
    }

    @Test
    void withoutSomeTheOthersAreFound() {
        PieceTable table = PieceTable.of(new @Nullable String[] {"a", "b", "a", null, "c"});
        BitSet out = new BitSet();
        out.set(2);
        out.set(4);
        PieceTable less = table.without(out);
        assertThat(table.find("a")).isEqualTo(2);
        assertThat(less.find("a")).isZero();
        assertThat(less.find("b")).isEqualTo(1);
        assertThat(less.find("c")).isEqualTo(-1);
        assertThat(less.piece(4)).isNull();
        assertThat(less.find("")).isEqualTo(-1);
    }

    @Test
    void mergesAreFoundInTheirParts() {
        PieceTable table = PieceTable.of(new @Nullable String[] {"\u0120", "t", "\u0120t", "h"});
        byte[] line = "\u0120 t h".getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[3];
        assertThat(table.findMerge(line, 0, 2, 3, 4, ids)).isTrue();
        assertThat(ids).containsExactly(0, 1, 2);
        assertThat(table.findMerge(line, 3, 4, 5, 6, ids)).isFalse();
        byte[] bytes = {' ', 't', 'h'};
        assertThat(table.findSpelled(bytes, 0, 2)).isEqualTo(2);
        assertThat(table.findSpelled(bytes, 0, 3)).isEqualTo(-1);
        assertThat(table.find(line, 0, 2)).isZero();
    }
}
