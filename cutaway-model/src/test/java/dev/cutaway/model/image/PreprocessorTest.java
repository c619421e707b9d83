package dev.cutaway.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
                "{\"image_processor_type\": \"ConvNextImageProcessor\", \"size\": {\"shortest_edge\": 9}, \"crop_pct\": 0}",
                "{\"do_center_crop\": true, \"crop_size\": {\"shortest_edge\": 3}}"
            })
    void nonsenseIsNamed(String json) {
        assertThatThrownBy(() -> Preprocessor.parse("preprocessor_config.json", json))
                .isInstanceOf(BadInputException.class)
                .message()
                .startsWith("preprocessor_config.json")
                .doesNotContain("\n");
    }

    /** {@code golden/make_prepared.py} made what is expected. */
    @ParameterizedTest
    @ValueSource(strings = {"convnext", "deit", "grey"})
    void otherProcessorsLikeTransformers(String name) throws IOException {
        Path images = Path.of(System.getProperty("cutaway.root"), "verification", "golden", "images");
        JsonNode settings = new ObjectMapper()
                .readTree(images.resolve("prepared.json").toFile())
                .required(name);
        Preprocessor p = Preprocessor.parse("prepared.json", settings.toString());
        try (Checkpoint expected = Checkpoint.open(images.resolve("prepared.safetensors"))) {
            for (String file : List.of("rgb.png", "grey.png")) {
                Tensor want = expected.require(file + "." + name);
                Tensor got = p.pixels(Picture.read(images.resolve(file)), (int) want.dim(1));
                assertThat(got.shape()).isEqualTo(want.shape());
                for (int i = 0; i < want.size(); i++) {
                    assertThat(got.get(i)).as("%s, %s", file, i).isCloseTo(want.get(i), within(1e-5f));
                }
            }
        }
    }

    @Test
    void onlyGreyAndColoursComeFromFiles() {
        Preprocessor p = Preprocessor.parse("x", "{}");
        assertThatThrownBy(() -> p.pixels(new Picture(1, 1, new byte[3]), 4))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("num_channels 4");
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
