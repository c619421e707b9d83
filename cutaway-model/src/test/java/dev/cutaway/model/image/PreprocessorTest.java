package dev.cutaway.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreprocessorTest {
    @Test
    void flagsSwitchStepsOff() {
        Picture p = new Picture(2, 1, new byte[] {0, 51, (byte) 255, 10, 20, 30});
        Preprocessor none =
                Preprocessor.parse("x", "{\"do_resize\": false, \"do_rescale\": false, \"do_normalize\": false}");
        Tensor levels = none.pixels(p);
        assertThat(levels.shape()).containsExactly(1, 3, 1, 2);
        assertThat(levels.toFloats()).containsExactly(0, 10, 51, 20, 255, 30);
        Preprocessor normal =
                Preprocessor.parse("x", "{\"do_resize\": false, \"rescale_factor\": 0.00392156862745098}");
        assertThat(normal.pixels(p).get(0)).isEqualTo(-1f);
        assertThat(normal.pixels(p).get(4)).isEqualTo(1f);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{\"size\": \"big\"}",
                "{\"size\": 0}",
                "{\"size\": 1000000}",
                "{\"size\": {\"height\": 5}}",
                "{\"size\": {\"height\": 5, \"width\": -1}}",
                "{\"size\": {\"shortest_edge\": 2.5}}",
                "{\"resample\": 9}",
                "{\"image_mean\": [1, 2]}",
                "{\"image_std\": [1, 0, 1]}",
                "{\"image_std\": [1, \"x\", 1]}",
                "{\"rescale_factor\": \"NaN\"}",
                "{\"do_center_crop\": true, \"crop_size\": {\"shortest_edge\": 3}}"
            })
    void nonsenseIsNamed(String json) {
        assertThatThrownBy(() -> Preprocessor.parse("preprocessor_config.json", json))
                .isInstanceOf(BadInputException.class)
                .message()
                .startsWith("preprocessor_config.json")
                .doesNotContain("\n");
    }

    @Test
    void aMissingFileIsNamed(@TempDir Path folder) {
        assertThatThrownBy(() -> Preprocessor.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("preprocessor_config.json");
    }

    @Test
    void aNeedleIsNotStretchedToGigabytes() {
        Picture needle = new Picture(1, 60_000, new byte[180_000]);
        Preprocessor p = Preprocessor.parse("x", "{\"size\": {\"shortest_edge\": 224}}");
        assertThatThrownBy(() -> p.pixels(needle))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("too narrow");
    }
}
