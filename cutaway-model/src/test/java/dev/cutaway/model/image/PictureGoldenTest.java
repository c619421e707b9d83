package dev.cutaway.model.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Pixels and model inputs equal Pillow's and transformers'. */
class PictureGoldenTest {
    private static final Path VERIFICATION = verification();

    private static Path verification() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("verification/golden/images"))) {
                return at.resolve("verification");
            }
        }
        throw new IllegalStateException(
                "no verification/golden above " + Path.of("").toAbsolutePath());
    }

    @TestFactory
    Stream<DynamicTest> manyKinds() throws IOException {
        Path folder = VERIFICATION.resolve("golden/images");
        List<DynamicTest> tests = new ArrayList<>();
        JsonNode processors = new ObjectMapper().readTree(Files.readString(folder.resolve("processors.json")));
        for (Path file : files(folder)) {
            tests.add(DynamicTest.dynamicTest(file.getFileName().toString(), () -> kinds(folder, file, processors)));
        }
        return tests.stream();
    }

    private static void kinds(Path folder, Path file, JsonNode processors) {
        boolean jpeg = file.toString().endsWith(".jpg");
        String name = file.getFileName().toString();
        try (var expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
            Picture picture = Picture.read(file);
            compare(picture, expected.require(name + ".pixels"), jpeg ? 3 : 0, jpeg ? 0.9 : 1);
            for (Map.Entry<String, JsonNode> processor : processors.properties()) {
                String wanted = name + "." + processor.getKey();
                if (expected.names().contains(wanted)) {
                    Tensor ours = Preprocessor.parse(
                                    wanted, processor.getValue().toString())
                            .pixels(picture);
                    float scale = processor.getKey().equals("lanczos") ? 255 : 60;
                    compare(ours, expected.require(wanted), jpeg ? 3.1f / scale : 1e-6f);
                }
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> photographs() throws IOException {
        Path folder = VERIFICATION.resolve("images");
        JsonNode cases = new ObjectMapper().readTree(Files.readString(folder.resolve("cases.json")));
        return files(folder).stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    boolean jpeg = file.toString().endsWith(".jpg");
                    String name = file.getFileName().toString();
                    try (var expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
                        Picture picture = Picture.read(file);
                        compare(picture, expected.require(name + ".pixels"), jpeg ? 3 : 0, jpeg ? 0.97 : 1);
                        for (Map.Entry<String, JsonNode> one : cases.properties()) {
                            Preprocessor processor = Preprocessor.parse(
                                    one.getKey(), one.getValue().toString());
                            Tensor theirs = expected.require(name + "." + one.getKey());
                            // An equal image gives equal pixels; what a decoder differs in stays within a level.
                            compare(processor.resized(picture), theirs, jpeg ? 2 : 0, jpeg ? 0.97 : 1);
                            String values = name + "." + one.getKey() + ".values";
                            if (expected.names().contains(values)) {
                                compare(processor.pixels(picture), expected.require(values), jpeg ? 2.1f / 57 : 1e-6f);
                            }
                        }
                    }
                }));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().matches(".*\\.(png|jpg)"))
                    .sorted()
                    .toList();
        }
    }

    private static void compare(Picture ours, Tensor theirs, int most, double equal) {
        assertThat(new long[] {ours.height(), ours.width(), 3}).isEqualTo(theirs.shape());
        int same = 0;
        for (int i = 0; i < theirs.size(); i++) {
            int difference = Math.abs((ours.bytes()[i] & 0xff) - theirs.getInt(i));
            assertThat(difference).as("byte %d", i).isLessThanOrEqualTo(most);
            same += difference == 0 ? 1 : 0;
        }
        assertThat(same / (double) theirs.size()).isGreaterThanOrEqualTo(equal);
    }

    private static void compare(Tensor ours, Tensor theirs, float most) {
        assertThat(ours.shape()).isEqualTo(theirs.shape());
        float worst = 0;
        for (int i = 0; i < theirs.size(); i++) {
            worst = Math.max(worst, Math.abs(ours.get(i) - theirs.get(i)));
        }
        assertThat(worst).isLessThanOrEqualTo(most);
    }
}
