package dev.cutaway.text.load;

import java.util.HashSet;
import java.util.Set;
import java.util.function.ToIntFunction;

/** Tokens that end a generation, recognised by their text as llama.cpp does, since files name only one of them. */
final class EndTokens {
    private static final Set<String> TEXTS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<|flush|>",
            "<|calls|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "</s>",
            "<|eom_id|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "[EOS]",
            "<|end_of_text|>",
            "<end_of_utterance>",
            "<eos>",
            "<turn|>",
            "<|tool_response>",
            "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
            "[e~[");

    private EndTokens() {}

    /** Their ids; {@code find} gives -1 for a text that is no token. */
    static Set<Integer> of(ToIntFunction<String> find) {
        Set<Integer> ends = new HashSet<>();
        for (String text : TEXTS) {
            ends.add(find.applyAsInt(text));
        }
        boolean returns = find.applyAsInt("<|return|>") >= 0 && find.applyAsInt("<|call|>") >= 0;
        boolean flushes = find.applyAsInt("<|calls|>") >= 0 && find.applyAsInt("<|flush|>") >= 0;
        if (returns || flushes) { // there the end of a message is not the end of the answer
            ends.remove(find.applyAsInt("<|end|>"));
        }
        if (find.applyAsInt("<|tool_response>") >= 0) { // there it is an ordinary word
            ends.remove(find.applyAsInt("</s>"));
        }
        ends.remove(-1);
        return ends;
    }
}
