package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.Optional;
import java.util.function.Predicate;

/** BERT (arXiv 1810.04805): reads both ways, normalises after adding; one of five heads. */
final class Bert implements Architecture {
    @Override
    public String name() {
        return "bert";
    }

    @Override
    public Family family() {
        return Family.ENCODER;
    }

    @Override
    public String basePrefix() {
        return "bert.";
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        return Initial.usual(c, name, rank).padding(c, "bert.embeddings.word_embeddings.weight", name, 0);
    }

    @Override
    public Sizes sizes(Config c) {
        int width = c.positive("hidden_size", 768);
        int heads = c.positive("num_attention_heads", 12);
        return new Sizes(
                c.positive("num_hidden_layers", 12),
                heads,
                heads,
                Math.max(1, width / heads),
                width,
                c.positive("intermediate_size", 3072),
                c.positive("vocab_size", 30522),
                c.positive("max_position_embeddings", 512),
                true);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        String positions = c.text("position_embedding_type", "absolute");
        if (!positions.equals("absolute")) {
            throw c.bad("position_embedding_type", "is \"" + positions + "\"; only absolute positions are supported");
        }
        Sizes s = sizes(c);
        Parts p = Parts.of(g, "", s.width());
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-12));
        String e = "bert.embeddings.";
        Value word =
                p.name("hook_embed", p.lookup(e + "word_embeddings.weight", "token", s.vocabulary(), p.ints("tokens")));
        Value type = p.lookup(
                e + "token_type_embeddings.weight", "type", c.positive("type_vocab_size", 2), p.ints("token_type_ids"));
        Value position = p.lookup(e + "position_embeddings.weight", "position", s.context(), p.ints("position"));
        Value sum = p.sum(p.sum(word, p.name("hook_token_type_embed", type)), p.name("hook_pos_embed", position));
        Value x = p.norm("ln_embed.", norm, sum, e + "LayerNorm");
        for (int i = 0; i < s.layers(); i++) {
            x = block(c, p, p.beginBlock(i, x), "bert.encoder.layer." + i + ".", x, s, norm);
        }
        g.endBlocks();
        head(c, has, p, x, s, norm);
    }

    private static Value block(Config c, Parts p, String block, String n, Value x, Sizes s, Norm norm) {
        String a = n + "attention.";
        Heads heads = Heads.plain(
                s.heads(),
                s.heads(),
                s.headSize(),
                Weight.of(a + "self.query", true),
                Weight.of(a + "self.key", true),
                Weight.of(a + "self.value", true),
                Weight.of(a + "output.dense", true),
                new Attention(1 / Math.sqrt(s.headSize()), false, 0, 0));
        Value attn = p.name(block + "hook_attn_out", p.attention(block, x, heads));
        Value mid = p.add(block + "hook_resid_mid", x, attn);
        Value normed = p.norm(block + "ln1.", norm, mid, a + "output.LayerNorm");
        Unary f = Activations.of(c, "hidden_act", "gelu");
        Value mlp = p.mlp(
                block,
                normed,
                f,
                s.hidden(),
                Weight.of(n + "intermediate.dense", true),
                Weight.of(n + "output.dense", true));
        Value post = p.add(block + "hook_resid_post", normed, p.name(block + "hook_mlp_out", mlp));
        return p.name(block + "hook_normalized_resid_post", p.norm(block + "ln2.", norm, post, n + "output.LayerNorm"));
    }

    private static void head(Config c, Predicate<String> has, Parts p, Value x, Sizes s, Norm norm) {
        String head = c.texts("architectures").stream().findFirst().orElse("BertModel");
        switch (head) {
            case "BertForMaskedLM" -> words(c, p, x, s, norm);
            case "BertForPreTraining" -> {
                words(c, p, x, s, norm);
                p.name("nsp_logits", p.linear(pooler(p, x), Weight.of("cls.seq_relationship", true), "class", 2));
            }
            case "BertForNextSentencePrediction" -> {
                Value y = p.linear(pooler(p, x), Weight.of("cls.seq_relationship", true), "class", 2);
                p.name("nsp_logits", p.name("logits", y));
            }
            case "BertForSequenceClassification" ->
                p.name("logits", p.linear(pooler(p, x), Weight.of("classifier", true), "class", Labels.count(c)));
            case "BertForTokenClassification" ->
                p.name("logits", p.linear(x, Weight.of("classifier", true), "class", Labels.count(c)));
            default -> {
                if (has.test("bert.pooler.dense.weight")) {
                    pooler(p, x);
                }
            }
        }
    }

    private static Value pooler(Parts p, Value x) {
        Value first = p.apply(new First(), x);
        Value y = p.linear(
                first,
                Weight.of("bert.pooler.dense", true),
                "width",
                first.type().size(-1));
        return p.name("pooler", p.apply(Unary.TANH, y));
    }

    private static void words(Config c, Parts p, Value x, Sizes s, Norm norm) {
        String t = "cls.predictions.transform.";
        Value y = p.apply(
                Activations.of(c, "hidden_act", "gelu"), p.linear(x, Weight.of(t + "dense", true), "width", s.width()));
        Value normed = p.norm("ln_final.", norm, y, t + "LayerNorm");
        String table =
                c.flag("tie_word_embeddings", true) ? "bert.embeddings.word_embeddings" : "cls.predictions.decoder";
        Weight unembed = new Weight(
                WeightSource.whole(table + ".weight"), Optional.of(WeightSource.whole("cls.predictions.bias")));
        p.name("logits", p.linear(normed, unembed, "token", s.vocabulary()));
    }
}
