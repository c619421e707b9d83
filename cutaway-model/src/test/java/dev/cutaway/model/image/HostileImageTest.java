package dev.cutaway.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that lie, end early, or promise more than there is: one line, no memory taken for what is only promised. */
@Timeout(60)
class HostileImageTest {

    private static byte[] png(int width, int height, int depth, int colour, int interlace, byte[] deflated) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put((byte) depth).put((byte) colour).put((byte) 0).put((byte) 0).put((byte) interlace);
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", deflated);
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        out.writeBytes(name);
        out.writeBytes(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    private static byte[] deflate(byte[] raw) {
        Deflater deflater = new Deflater(9);
        deflater.setInput(raw);
        deflater.finish();
        byte[] out = new byte[raw.length + 100];
        int n = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, n);
    }

    private static Picture decode(byte[] file) {
        return Picture.decode("x", file, ImageLimits.DEFAULT);
    }

    @Test
    void aHugeHeaderIsRefusedBeforeMemoryIsTaken() {
        long start = System.nanoTime();
        byte[] bomb = png(60_000, 60_000, 8, 2, 0, deflate(new byte[10_000]));
        assertThatThrownBy(() -> decode(bomb))
                .isInstanceOf(ResourceException.class)
                .hasMessageContaining("60000 x 60000 pixels");
        byte[] truncated = png(9_000, 9_000, 8, 6, 0, deflate(new byte[10_000]));
        assertThatThrownBy(() -> decode(truncated))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("truncated");
        byte[] overflow = png(Integer.MIN_VALUE, 1, 8, 2, 0, deflate(new byte[10]));
        assertThatThrownBy(() -> decode(overflow)).isInstanceOf(ResourceException.class);
        byte[] zero = png(0, 1, 8, 2, 0, deflate(new byte[10]));
        assertThatThrownBy(() -> decode(zero)).isInstanceOf(BadInputException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void aBombThatIsAsLargeAsItSaysIsOnlyAsLargeAsAllowed() {
        byte[] image = png(3000, 3000, 1, 0, 0, deflate(new byte[(3000 / 8 + 1) * 3000]));
        assertThat(decode(image).width()).isEqualTo(3000);
        assertThatThrownBy(() -> Picture.decode("x", image, new ImageLimits(1000, 5000)))
                .isInstanceOf(ResourceException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void unknownFiltersDepthsAndPalettesAreNamed(int colour) {
        byte[] badFilter = png(1, 1, 8, colour, 0, deflate(new byte[] {9, 0}));
        assertThatThrownBy(() -> decode(badFilter)).isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> decode(png(1, 1, 7, colour, 0, deflate(new byte[2]))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("7 bits");
        assertThatThrownBy(() -> decode(png(1, 1, 8, colour, 2, deflate(new byte[2]))))
                .isInstanceOf(BadInputException.class);
    }

    @Test
    void otherFormatsAreNamed() {
        assertThatThrownBy(() -> decode("GIF89a".getBytes(StandardCharsets.US_ASCII)))
                .hasMessage("x: a GIF file; give a PNG or JPEG image");
        assertThatThrownBy(() -> decode(new byte[0])).hasMessageContaining("an empty file");
        assertThatThrownBy(() -> decode("RIFFxxxxWEBPVP8".getBytes(StandardCharsets.US_ASCII)))
                .hasMessageContaining("WebP");
        assertThatThrownBy(() -> decode("hello world".getBytes(StandardCharsets.US_ASCII)))
                .isInstanceOf(BadInputException.class);
    }

    @Test
    void filesThatAreNoFilesAreRefusedWithoutBlocking(@TempDir Path folder) throws Exception {
        assertThatThrownBy(() -> Picture.read(folder)).isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> Picture.read(folder.resolve("none.png")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no such file");
        Path zero = Path.of("/dev/zero");
        assumeTrue(Files.exists(zero));
        assertThatThrownBy(() -> Picture.read(zero)).isInstanceOf(BadInputException.class);
    }

    private static byte[] golden(String name) throws Exception {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path file = at.resolve("verification/golden/images").resolve(name);
            if (Files.exists(file)) {
                return Files.readAllBytes(file);
            }
        }
        throw new IllegalStateException(
                "no verification/golden above " + Path.of("").toAbsolutePath());
    }

    /** Every file cut short anywhere is refused in one line; a JPEG may be cut within its last bytes of padding. */
    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "palette.png", "alpha.png", "subsampled.jpg", "progressive.jpg", "turned.jpg"})
    void everyTruncationIsRefused(String name) throws Exception {
        byte[] whole = golden(name);
        for (int n = 0; n < whole.length; n += 1 + whole.length / 300) {
            byte[] cut = Arrays.copyOf(whole, n);
            assertThatThrownBy(() -> decode(cut))
                    .as("%d bytes", n)
                    .isInstanceOf(BadInputException.class)
                    .message()
                    .startsWith("x: ")
                    .doesNotContain("\n");
        }
    }

    /** Damaged bytes give an image or one line, nothing else. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "palette-transparent.png",
                "grey-alpha.png",
                "subsampled.jpg",
                "progressive.jpg",
                "turned.jpg"
            })
    void damageIsAnImageOrOneLine(String name) throws Exception {
        byte[] whole = golden(name);
        SplittableRandom random = new SplittableRandom(name.hashCode());
        for (int round = 0; round < 400; round++) {
            byte[] damaged = whole.clone();
            for (int i = 0; i <= round % 4; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                decode(damaged);
            } catch (CutawayException e) {
                assertThat(e.getMessage()).startsWith("x: ").doesNotContain("\n");
            }
        }
    }

    @Test
    void jpegBombsAreRefusedFromTheirHeaders() throws Exception {
        byte[] large = golden("subsampled.jpg");
        int frame = find(large, 0xc0);
        ByteBuffer.wrap(large).putShort(frame + 5, (short) 10_000).putShort(frame + 7, (short) 9_000);
        assertThatThrownBy(() -> decode(large))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("truncated");
        byte[] larger = golden("subsampled.jpg");
        ByteBuffer.wrap(larger).putShort(frame + 5, (short) 65_535).putShort(frame + 7, (short) 65_535);
        assertThatThrownBy(() -> decode(larger)).isInstanceOf(ResourceException.class);

        byte[] progressive = golden("progressive.jpg");
        int scan = find(progressive, 0xda);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(progressive, 0, progressive.length - 2);
        for (int i = 0; i < 200; i++) {
            out.write(progressive, scan, 14);
        }
        out.write(progressive, progressive.length - 2, 2);
        assertThatThrownBy(() -> decode(out.toByteArray()))
                .isInstanceOf(ResourceException.class)
                .hasMessageContaining("scans");
    }

    private static int find(byte[] file, int marker) {
        for (int i = 2; i + 1 < file.length; i++) {
            if (file[i] == (byte) 0xff && (file[i + 1] & 0xff) == marker) {
                return i;
            }
        }
        throw new IllegalStateException("no marker " + marker);
    }

    @Test
    void orientationsTurnTheImage() {
        Picture p = new Picture(2, 1, new byte[] {1, 1, 1, 2, 2, 2});
        assertThat(p.upright(2).get(0, 0, 0)).isEqualTo(2);
        Picture turned = p.upright(6);
        assertThat(turned.width()).isEqualTo(1);
        assertThat(turned.get(0, 0, 0)).isEqualTo(1);
        assertThat(p.upright(8).get(0, 0, 0)).isEqualTo(2);
        assertThat(p.upright(99)).isSameAs(p);
    }
}
