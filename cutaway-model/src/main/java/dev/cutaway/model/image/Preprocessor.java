package dev.cutaway.model.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What {@code preprocessor_config.json} says is done to an image before a vision model sees it: resize, cut out the
 * centre, rescale to small numbers, normalise; each step optional, in this order, as in Hugging Face's image processors
 * (the ones that use Pillow).
 *
 * @param size what to resize to; empty leaves the image as it is
 * @param resample how
 * @param crop height and width of the part from the centre; empty leaves all
 * @param rescale what every level, 0 to 255, is multiplied by; empty leaves levels
 * @param normalise what is taken away and divided by; empty does neither
 */
public record Preprocessor(
        Optional<Size> size,
        Resampling resample,
        Optional<Size.Exact> crop,
        Optional<Double> rescale,
        Optional<Normalise> normalise) {

    private static final long MAX_FILE = 1 << 20;
    private static final int MAX_SIDE = 16_384;

    /** A size to resize to. */
    public sealed interface Size {
        /** These sides, whatever becomes of the proportions. */
        record Exact(int height, int width) implements Size {}

        /** The shorter side becomes this long, the proportions stay; the longer at most {@code longest}, where given. */
        record Shortest(int edge, Optional<Integer> longest) implements Size {}
    }

    /**
     * Mean and standard deviation of each channel.
     *
     * @param mean three numbers, or one for all
     * @param deviation as many, none zero
     */
    public record Normalise(List<Double> mean, List<Double> deviation) {}

    /**
     * Reads {@code preprocessor_config.json} in a model's directory.
     *
     * @throws BadInputException where it is missing or says what is not understood
     */
    public static Preprocessor open(Path directory) {
        Path file = directory.resolve("preprocessor_config.json");
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(
                    file + ": no such file; an image model needs it to prepare images, download it with the model");
        }
        try {
            if (Files.size(file) > MAX_FILE) {
                throw new BadInputException(file + ": larger than " + MAX_FILE + " bytes; it is no such configuration");
            }
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + e.getMessage() + "); check its permissions", e);
        }
    }

    /**
     * Reads a configuration.
     *
     * @param name what messages call it
     */
    public static Preprocessor parse(String name, String json) {
        JsonNode root;
        try {
            root = new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new BadInputException(name + ": not JSON (" + e.getOriginalMessage() + "); download it again", e);
        }
        if (!root.isObject()) {
            throw new BadInputException(name + ": not a JSON object; download it again");
        }
        return new PreprocessorJson(name, root).read();
    }

    /** The steps up to the cut: the image as the model sees it, before its levels become numbers. */
    public Picture resized(Picture image) {
        Picture resized = size.map(s -> resize(image, s)).orElse(image);
        return crop.map(c -> Crop.centre(resized, c.width(), c.height())).orElse(resized);
    }

    private Picture resize(Picture image, Size to) {
        return switch (to) {
            case Size.Exact e -> Resizer.resize(image, e.width(), e.height(), resample);
            case Size.Shortest s -> {
                int shorter = Math.min(image.width(), image.height());
                int longer = Math.max(image.width(), image.height());
                int edge = s.edge();
                int other = (int) Math.min(Integer.MAX_VALUE, (long) edge * longer / shorter);
                int limit = s.longest().orElse(Integer.MAX_VALUE);
                if (other > limit) {
                    edge = (int) ((long) limit * edge / other);
                    other = limit;
                }
                if (other > MAX_SIDE * 4 || edge < 1) {
                    throw new BadInputException("an image of " + image.width() + " x " + image.height()
                            + " pixels is too narrow to be resized to " + edge + " x " + other + "; cut it");
                }
                boolean wide = image.width() > image.height();
                yield Resizer.resize(image, wide ? other : edge, wide ? edge : other, resample);
            }
        };
    }

    /** The input of a model that reads colours: f32 {@code [1, 3, height, width]}. */
    public Tensor pixels(Picture image) {
        return pixels(image, 3);
    }

    /**
     * The model's input: f32 {@code [1, channel, height, width]}.
     *
     * @param channels 3 for red, green and blue, 1 for grey
     */
    public Tensor pixels(Picture image, int channels) {
        if (channels != 1 && channels != 3) {
            throw new BadInputException(
                    "num_channels " + channels + ": an image file gives 3 channels, or 1 (grey); use another model");
        }
        Picture prepared = resized(channels == 1 ? image.grey() : image);
        return Tensor.of(levels(prepared, channels), 1, channels, prepared.height(), prepared.width());
    }

    private float[] levels(Picture image, int channels) {
        int plane = image.width() * image.height();
        float[] out = new float[Math.multiplyExact(channels, plane)];
        byte[] bytes = image.bytes();
        for (int c = 0; c < channels; c++) {
            int channel = c;
            float mean = normalise.map(n -> of(n.mean(), channel)).orElse(0f);
            float deviation = normalise.map(n -> of(n.deviation(), channel)).orElse(1f);
            double factor = rescale.orElse(1.0);
            for (int i = 0; i < plane; i++) {
                float level = (float) ((bytes[i * 3 + c] & 0xff) * factor);
                out[c * plane + i] = (level - mean) / deviation;
            }
        }
        return out;
    }

    private static float of(List<Double> each, int channel) {
        return each.get(each.size() == 1 ? 0 : channel).floatValue();
    }

    /** Reads the fields; a class of its own for the name that all messages begin with. */
    private record PreprocessorJson(String name, JsonNode root) {

        Preprocessor read() {
            Optional<Size> size = flag("do_resize") ? size("size") : Optional.empty();
            Optional<Size.Exact> crop = Optional.empty();
            if (root.path("do_center_crop").asBoolean(false)) {
                Size wanted = size("crop_size").orElseThrow(() -> bad("crop_size", "is missing"));
                if (!(wanted instanceof Size.Exact exact)) {
                    throw bad("crop_size", "needs a height and a width");
                }
                crop = Optional.of(exact);
            }
            Optional<Double> rescale =
                    flag("do_rescale") ? Optional.of(number("rescale_factor", 1 / 255.0)) : Optional.empty();
            Optional<Normalise> normalise = flag("do_normalize")
                    ? Optional.of(new Normalise(channels("image_mean"), channels("image_std")))
                    : Optional.empty();
            normalise.ifPresent(n -> {
                if (n.deviation().contains(0.0)) {
                    throw bad("image_std", "holds a zero");
                }
            });
            Resampling resample = Resampling.of(root.path("resample").asInt(2), name);
            Preprocessor read = new Preprocessor(size, resample, crop, rescale, normalise);
            String kind = root.path("image_processor_type")
                    .asText(root.path("feature_extractor_type").asText(""));
            return kind.startsWith("ConvNext") ? convNext(read) : read;
        }

        /** Small images are resized to somewhat more and cut, large ones are squeezed, whatever their proportions. */
        private Preprocessor convNext(Preprocessor p) {
            if (!(p.size.orElse(null) instanceof Size.Shortest s)) {
                return p;
            }
            Size.Exact square = new Size.Exact(s.edge(), s.edge());
            double part = number("crop_pct", 224 / 256.0);
            if (!(part > 0 && part <= 1)) {
                throw bad("crop_pct", "is " + part + "; it is the part that is kept, above 0 and at most 1");
            }
            return s.edge() < 384
                    ? new Preprocessor(
                            Optional.of(new Size.Shortest((int) (s.edge() / part), Optional.empty())),
                            p.resample,
                            Optional.of(square),
                            p.rescale,
                            p.normalise)
                    : new Preprocessor(Optional.of(square), p.resample, p.crop, p.rescale, p.normalise);
        }

        private boolean flag(String field) {
            return root.path(field).asBoolean(true);
        }

        private Optional<Size> size(String field) {
            JsonNode node = root.path(field);
            if (node.isMissingNode() || node.isNull()) {
                return Optional.of(new Size.Exact(224, 224));
            }
            if (node.isInt()) {
                int side = side(field, node);
                return Optional.of(new Size.Exact(side, side));
            }
            if (node.has("height") && node.has("width")) {
                return Optional.of(new Size.Exact(side(field, node.get("height")), side(field, node.get("width"))));
            }
            if (node.has("shortest_edge")) {
                Optional<Integer> longest = Optional.ofNullable(node.get("longest_edge"))
                        .filter(n -> !n.isNull())
                        .map(n -> side(field, n));
                return Optional.of(new Size.Shortest(side(field, node.get("shortest_edge")), longest));
            }
            throw bad(field, "is " + shown(node) + "; a number, height and width, or shortest_edge are understood");
        }

        private int side(String field, JsonNode node) {
            if (!node.isInt() || node.asInt() < 1 || node.asInt() > MAX_SIDE) {
                throw bad(field, "is " + shown(node) + "; sides are whole numbers from 1 to " + MAX_SIDE);
            }
            return node.asInt();
        }

        private double number(String field, double otherwise) {
            JsonNode node = root.path(field);
            if (node.isMissingNode() || node.isNull()) {
                return otherwise;
            }
            if (!node.isNumber() || !Double.isFinite(node.asDouble())) {
                throw bad(field, "is " + shown(node) + ", not a number");
            }
            return node.asDouble();
        }

        private List<Double> channels(String field) {
            JsonNode node = root.path(field);
            if (node.isMissingNode() || node.isNull()) {
                return List.of(0.5, 0.5, 0.5);
            }
            List<JsonNode> each = new ArrayList<>();
            (node.isNumber() ? List.of(node) : node).forEach(each::add);
            boolean numbers = each.stream().allMatch(n -> n.isNumber() && Double.isFinite(n.asDouble()));
            if (!numbers || (each.size() != 1 && each.size() != 3)) {
                throw bad(field, "is " + shown(node) + "; one number for each of 3 channels is needed, or one for all");
            }
            return each.stream().map(JsonNode::asDouble).toList();
        }

        private static String shown(JsonNode node) {
            String text = node.toString();
            return text.length() > 80 ? text.substring(0, 80) + "..." : text;
        }

        private BadInputException bad(String field, String what) {
            return new BadInputException(name + ": " + field + " " + what + "; correct it or download it again");
        }
    }
}
