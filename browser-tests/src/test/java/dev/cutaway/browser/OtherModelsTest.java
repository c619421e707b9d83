package dev.cutaway.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.microsoft.playwright.Page;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Models that are no decoders, or that have no tokenizer: drawn as far as they can be, refused in words where not. */
@Tag("browser")
final class OtherModelsTest {
    @RegisterExtension
    static final Inspector ENCODER = new Inspector(golden("bert-classes"));

    @RegisterExtension
    static final Inspector TRANSLATOR = new Inspector(golden("t5"));

    @RegisterExtension
    static final Inspector IMAGES = new Inspector(golden("vit-classes"));

    private static String golden(String name) {
        return Path.of(System.getProperty("cutaway.root"), "verification/golden/models", name)
                .toString();
    }

    @Test
    void anEncoderWithoutATokenizerIsGivenIds() {
        try (Page page = ENCODER.page("#/layer/1/0?stage=masked&p=5+17+3+42");
                Session session = ENCODER.model().session()) {
            int[] ids = {5, 17, 3, 42};
            session.encode(ids, new int[0], new int[0]);
            Tensor scores = session.look().value("blocks.1.attn.hook_attn_scores");
            assertThat(ENCODER.tokens(page)).containsExactly(ids);
            for (int i = 0; i < 16; i++) {
                assertThat(Inspector.number(
                                page,
                                "document.querySelector('cut-grid[data-tensor$=hook_attn_scores]').valueAt(" + i / 4
                                        + "," + i % 4 + ")"))
                        .isCloseTo(scores.get(i), within(1e-5));
            }
            assertThat(page.locator("[aria-label='stage of attention']").innerText())
                    .contains("scores")
                    .doesNotContain("mask");
        }
    }

    @Test
    void aTextIsRefusedWhereThereIsNoTokenizer() {
        assertThat(refusal(ENCODER)).contains("no tokenizer", "such as 5 17 3");
    }

    @Test
    void modelsThatReadMoreThanATextSaySo() {
        assertThat(refusal(TRANSLATOR)).contains("t5", "reads one text and writes another", "cutaway probe");
        assertThat(refusal(IMAGES)).contains("vit", "reads images", "cutaway probe MODEL --image FILE");
    }

    private static String refusal(Inspector inspector) {
        try (Page page = inspector.blank(1000, 700)) {
            page.navigate(inspector.server().address() + "#/model?p=a+text");
            return page.locator(".card[role=alert]").innerText();
        }
    }
}
