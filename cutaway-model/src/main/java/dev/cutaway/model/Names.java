package dev.cutaway.model;

import java.util.List;
import java.util.Map;

/** What each probe name means, in a line; the vocabulary is TransformerLens's. */
final class Names {
    private static final List<Map.Entry<String, String>> MEANINGS = List.of(
            Map.entry("tokens", "token ids of the input"),
            Map.entry("hook_embed", "embedding of each token"),
            Map.entry("hook_pos_embed", "embedding of each position"),
            Map.entry("hook_token_type_embed", "embedding of each token's type (sentence A or B)"),
            Map.entry("hook_resid_pre", "residual stream as it enters the block"),
            Map.entry("hook_resid_mid", "residual stream after attention was added"),
            Map.entry("hook_resid_mid_cross", "residual stream after cross-attention was added"),
            Map.entry("hook_resid_post", "residual stream after the feed-forward layer was added"),
            Map.entry("hook_normalized_resid_post", "residual stream as it leaves the block, after its last norm"),
            Map.entry("hook_scale", "what the norm divides by"),
            Map.entry("hook_normalized", "the norm's result before gain and bias"),
            Map.entry("hook_q", "queries, before norm and rotation"),
            Map.entry("hook_k", "keys, before norm and rotation"),
            Map.entry("hook_v", "values"),
            Map.entry("hook_rot_q", "queries as they enter the scores"),
            Map.entry("hook_rot_k", "keys as they enter the scores"),
            Map.entry("hook_attn_scores", "scores after scaling, soft cap and mask"),
            Map.entry("hook_pattern", "attention weights: softmax of the scores; each row sums to 1"),
            Map.entry("hook_z", "values mixed by the pattern, per head"),
            Map.entry("hook_result", "what each head writes to the stream"),
            Map.entry("hook_rel_pos_bias", "what relative positions add to the scores"),
            Map.entry("hook_attn_out", "what attention adds to the stream"),
            Map.entry("hook_cross_attn_out", "what cross-attention adds to the stream"),
            Map.entry("hook_pre", "neurons before the activation function"),
            Map.entry("hook_pre_linear", "what gates the neurons: the up projection"),
            Map.entry("hook_post", "neurons after the activation function (times the up projection if gated)"),
            Map.entry("hook_mlp_out", "what the feed-forward layer adds to the stream"),
            Map.entry("hook_context", "what attention read of the source, for the layers above"),
            Map.entry("hook_lstm_in", "what a recurrent layer reads"),
            Map.entry("hook_lstm_out", "what a recurrent layer gives, added to the stream in all but the lowest"),
            Map.entry("hook_state", "state of a recurrent layer after each position"),
            Map.entry("hook_cell", "memory cell of a recurrent layer after each position"),
            Map.entry("hook_gates_pre", "what enters the four gates: in, forget, candidate, out"),
            Map.entry("hook_in_gate", "how much of the candidate goes into the memory cell"),
            Map.entry("hook_forget_gate", "how much of the memory cell stays"),
            Map.entry("hook_candidate", "what may go into the memory cell"),
            Map.entry("hook_out_gate", "how much of the memory cell shows in the state"),
            Map.entry("logits", "the head's scores: of each next token, or of each class"),
            Map.entry("nsp_logits", "scores of: the second sentence follows the first, or not"),
            Map.entry("pooler", "the first row, pooled"));

    private Names() {}

    static String meaning(String name) {
        String last = name.substring(name.lastIndexOf('.') + 1);
        return MEANINGS.stream()
                .filter(e -> e.getKey().equals(last))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse("");
    }
}
