package dev.cutaway.text.load;

import dev.cutaway.text.normal.Charsmap;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.Precompiled;
import java.util.Base64;

/** The {@code precompiled_charsmap} of a {@code tokenizer.json}, in base 64. */
final class JsonCharsmap {
    private JsonCharsmap() {}

    static Normaliser read(Json n) {
        Json field = n.get("precompiled_charsmap");
        if (!field.present()) {
            return Normaliser.NONE;
        }
        try {
            byte[] block = Base64.getDecoder().decode(field.text());
            return block.length == 0 ? Normaliser.NONE : new Precompiled(Charsmap.read(block, field.where()));
        } catch (IllegalArgumentException e) {
            throw field.bad("is not base 64");
        }
    }
}
