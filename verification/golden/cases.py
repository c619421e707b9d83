"""The cases: configurations as they stand on the Hugging Face hub, and what each one exercises.

Sizes are odd on purpose (width 20, vocabulary 97, hidden 37), epsilons large enough that a wrong one shows, windows and original
contexts shorter than the texts. A case names its checkpoint; several cases may share one.
"""

VOCAB = 97


def decoder(kind, **fields):
    base = dict(
        architectures=[kind], vocab_size=VOCAB, hidden_size=24, intermediate_size=37, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, hidden_act="silu", max_position_embeddings=64,
        rms_norm_eps=3e-2, rope_theta=500.0, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
        attention_dropout=0.0, torch_dtype="float32",
    )
    base.update(fields)
    return base


def llama(**fields):
    return decoder("LlamaForCausalLM", model_type="llama", attention_bias=False, mlp_bias=False, **fields)


def rope(scaling, **fields):
    """A llama of two layers with heads of 16, so that eight frequencies are scaled."""
    fields = dict(hidden_size=20, num_hidden_layers=2, head_dim=16, rope_theta=100.0, rope_scaling=scaling) | fields
    return llama(**fields)


def gpt2(**fields):
    base = dict(
        architectures=["GPT2LMHeadModel"], model_type="gpt2", vocab_size=VOCAB, n_embd=20, n_layer=3, n_head=5,
        n_positions=48, n_ctx=48, n_inner=37, activation_function="gelu_new", layer_norm_epsilon=2e-2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=96, eos_token_id=96, torch_dtype="float32",
    )
    base.update(fields)
    return base


def neo(**fields):
    base = dict(
        architectures=["GPTNeoForCausalLM"], model_type="gpt_neo", vocab_size=VOCAB, hidden_size=20, num_layers=3, num_heads=5,
        max_position_embeddings=48, intermediate_size=37, activation_function="gelu_new", layer_norm_epsilon=2e-2,
        attention_types=[[["global"], 1], [["local", "global"], 1]], window_size=5, resid_dropout=0.0, embed_dropout=0.0,
        attention_dropout=0.0, bos_token_id=96, eos_token_id=96, torch_dtype="float32",
    )
    base.update(fields)
    return base


def neox(**fields):
    base = dict(
        architectures=["GPTNeoXForCausalLM"], model_type="gpt_neox", vocab_size=VOCAB, hidden_size=20, num_hidden_layers=3,
        num_attention_heads=2, intermediate_size=37, hidden_act="gelu", rotary_pct=0.4, rotary_emb_base=100,
        max_position_embeddings=64, layer_norm_eps=2e-2, use_parallel_residual=True, tie_word_embeddings=False,
        bos_token_id=0, eos_token_id=0, torch_dtype="float32",
    )
    base.update(fields)
    return base


def bert(kind, **fields):
    base = dict(
        architectures=[kind], model_type="bert", vocab_size=VOCAB, hidden_size=20, num_hidden_layers=3,
        num_attention_heads=5, intermediate_size=37, hidden_act="gelu", hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, max_position_embeddings=32, type_vocab_size=2, layer_norm_eps=2e-2,
        pad_token_id=0, torch_dtype="float32",
    )
    base.update(fields)
    return base


def t5(**fields):
    base = dict(
        architectures=["T5ForConditionalGeneration"], model_type="t5", vocab_size=VOCAB, d_model=20, d_kv=6, d_ff=37,
        num_layers=3, num_decoder_layers=2, num_heads=4, relative_attention_num_buckets=8,
        relative_attention_max_distance=20, dropout_rate=0.0, layer_norm_epsilon=2e-2, feed_forward_proj="relu",
        is_encoder_decoder=True, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, torch_dtype="float32",
    )
    base.update(fields)
    return base


def marian(**fields):
    base = dict(
        architectures=["MarianMTModel"], model_type="marian", vocab_size=VOCAB, decoder_vocab_size=VOCAB, d_model=20,
        encoder_layers=3, decoder_layers=2, encoder_attention_heads=5, decoder_attention_heads=4, encoder_ffn_dim=37,
        decoder_ffn_dim=29, activation_function="swish", scale_embedding=True, share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True, max_position_embeddings=40, dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
        is_encoder_decoder=True, pad_token_id=96, eos_token_id=0, decoder_start_token_id=96, forced_eos_token_id=0,
        torch_dtype="float32",
    )
    base.update(fields)
    return base


def vit(kind, **fields):
    base = dict(
        architectures=[kind], model_type="vit", hidden_size=20, num_hidden_layers=3, num_attention_heads=5,
        intermediate_size=37, hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        layer_norm_eps=2e-2, image_size=20, patch_size=5, num_channels=3, qkv_bias=True, torch_dtype="float32",
    )
    base.update(fields)
    return base


def swin(**fields):
    base = dict(
        architectures=["SwinForImageClassification"], model_type="swin", image_size=[22, 14], patch_size=2, num_channels=3, embed_dim=8,
        depths=[2, 2], num_heads=[2, 4], window_size=3, mlp_ratio=2.5, qkv_bias=True, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, drop_path_rate=0.0, hidden_act="gelu", use_absolute_embeddings=True, layer_norm_eps=2e-2,
        torch_dtype="float32",
    )
    base.update(fields)
    return base


def convnext(**fields):
    base = dict(
        architectures=["ConvNextForImageClassification"], model_type="convnext", image_size=28, patch_size=4, num_channels=1,
        num_stages=2, hidden_sizes=[8, 12], depths=[2, 1], hidden_act="gelu", layer_norm_eps=2e-2, layer_scale_init_value=0.1,
        drop_path_rate=0.0, torch_dtype="float32",
    )
    base.update(fields)
    return base


LABELS = {"id2label": {"0": "calm", "1": "glad", "2": "sad"}, "label2id": {"calm": 0, "glad": 1, "sad": 2}}
FACTORS = [1.0, 1.1, 1.3, 1.6, 2.0, 2.5, 3.1, 3.8]
LONG_FACTORS = [1.2, 1.7, 2.3, 3.1, 4.2, 5.7, 7.7, 10.4]
GEMMA = dict(hidden_activation="gelu_pytorch_tanh", head_dim=10, query_pre_attn_scalar=7, tie_word_embeddings=True, pad_token_id=0)

MARIAN_GENERATION = {"bad_words_ids": [[96]], "decoder_start_token_id": 96, "eos_token_id": 0, "forced_eos_token_id": 0, "pad_token_id": 96,
                     "renormalize_logits": True}

PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": 20, "width": 20}, "resample": 2,
    "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
}

# name, what it exercises, config, and options: length of the text, batch, full (every probe), model (whose
# checkpoint, if another case's), seed, store (dtype of the weights), shard (maximum shard, KB), rename, inputs
CASES = [
    dict(name="gpt2", what="learned positions, LayerNorm with bias, fused transposed qkv, tied unembedding, gelu_new; batch of 2",
         config=gpt2(), length=21, batch=2, full=True),
    dict(name="gpt2-bare-names", what="sharded with an index; names without the prefix transformer. and with attn.bias masks, as the first "
         "published checkpoint; n_inner absent (4 * width), gelu (erf), scores divided by layer number, float16 weights",
         config=gpt2(n_inner=None, n_layer=2, activation_function="gelu", scale_attn_by_inverse_layer_idx=True, n_positions=24, n_ctx=24),
         length=10, store="float16", shard=14, rename="gpt2-bare"),
    dict(name="llama", what="grouped keys, head size not width / heads, SwiGLU, untied", config=llama(hidden_size=20, head_dim=12), length=19, full=True),
    dict(name="llama-tied-biased", what="attention_bias, mlp_bias, tied, one key/value head, sharded with an index; batch of 2",
         config=decoder("LlamaForCausalLM", model_type="llama", attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
                        hidden_size=20, num_attention_heads=5, num_key_value_heads=1), length=17, batch=2, shard=16),
    dict(name="llama-bf16", what="bfloat16 weights; as many key/value heads as heads; num_key_value_heads absent; gelu gate",
         config=llama(num_key_value_heads=None, num_hidden_layers=2, hidden_act="gelu", torch_dtype="bfloat16"),
         length=17, store="bfloat16"),
    dict(name="llama-rope-linear", what="rope_scaling linear, key `type`", config=rope({"type": "linear", "factor": 2.5}), length=23),
    dict(name="llama-rope-dynamic", what="rope_scaling dynamic (NTK), text longer than max_position_embeddings",
         config=rope({"type": "dynamic", "factor": 3.0}, max_position_embeddings=16), length=26, uncached=True),
    dict(name="llama-rope-dynamic-short", what="rope_scaling dynamic, text within max_position_embeddings", model="llama-rope-dynamic",
         length=4, new=10),
    dict(name="llama-rope-llama3", what="rope_scaling llama3: frequencies kept, blended and scaled",
         config=rope({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 3.0,
                      "original_max_position_embeddings": 24}, max_position_embeddings=192), length=30),
    dict(name="llama-rope-yarn", what="rope_scaling yarn, text longer than the original context, attention factor by formula, default betas",
         config=rope({"rope_type": "yarn", "factor": 4.0,
                      "original_max_position_embeddings": 24}, max_position_embeddings=96), length=30),
    dict(name="llama-rope-yarn-options", what="rope_parameters (newer key) with yarn: betas, mscale, mscale_all_dim, truncate false",
         config=rope(None, rope_parameters={"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "beta_fast": 2.0, "beta_slow": 0.7,
                     "mscale": 0.9, "mscale_all_dim": 0.3, "truncate": False, "original_max_position_embeddings": 24},
                     max_position_embeddings=96), length=30),
    dict(name="llama-rope-yarn-factor", what="rope_scaling yarn with an explicit attention_factor",
         config=rope({"rope_type": "yarn", "factor": 4.0, "attention_factor": 0.8, "original_max_position_embeddings": 24},
                     max_position_embeddings=96), length=30),
    dict(name="llama-rope-longrope", what="rope_scaling longrope, text longer than the original context (long factors), factor given",
         config=rope({"rope_type": "longrope", "factor": 3.0, "short_factor": FACTORS, "long_factor": LONG_FACTORS,
                      "original_max_position_embeddings": 20}, max_position_embeddings=60), length=24),
    dict(name="llama-rope-longrope-short", what="the same model, text within the original context (short factors)",
         model="llama-rope-longrope", length=6, new=10),
    dict(name="gpt_neo", what="projections without biases, scores not scaled, a window of 5 in one layer", config=neo(), length=17, full=True),
    dict(name="gpt_neox", what="parallel residual, rotary on part of each head, fused interleaved qkv", config=neox(), length=19, full=True),
    dict(name="gpt_neox-sequential", what="sequential residual, rotary on the whole head, gelu_new",
         config=neox(use_parallel_residual=False, rotary_pct=1.0, rotary_emb_base=10000, hidden_act="gelu_new"), length=17),
    dict(name="mistral", what="sliding window of 7 shorter than the text",
         config=decoder("MistralForCausalLM", model_type="mistral", sliding_window=7, head_dim=6), length=19, full=True),
    dict(name="qwen2", what="bias on q, k, v only; tied", length=17, full=True,
         config=decoder("Qwen2ForCausalLM", model_type="qwen2", tie_word_embeddings=True, use_sliding_window=False, sliding_window=5,
                        max_window_layers=3)),
    dict(name="qwen2-window", what="use_sliding_window from layer max_window_layers on", length=17,
         config=decoder("Qwen2ForCausalLM", model_type="qwen2", use_sliding_window=True, sliding_window=5, max_window_layers=1)),
    dict(name="qwen3", what="norm on each head's q and k before rotation, head size not width / heads", length=17, full=True,
         config=decoder("Qwen3ForCausalLM", model_type="qwen3", hidden_size=20, head_dim=12, attention_bias=False, use_sliding_window=False,
                        sliding_window=None, max_window_layers=3)),
    dict(name="gemma2", what="embedding scaled, norms 1 + w before and after each branch, soft caps on scores and logits, window in every "
         "other layer, query_pre_attn_scalar", length=19, full=True,
         config=decoder("Gemma2ForCausalLM", model_type="gemma2", attn_logit_softcapping=3.0, final_logit_softcapping=6.0,
                        sliding_window=6, cache_implementation="hybrid", **GEMMA)),
    dict(name="gemma3_text", what="norm on q and k, window and rope of its own in local layers, scaled rope in global ones; keys of the "
         "published configurations (rope_local_base_freq, rope_scaling, sliding_window_pattern)", length=19, full=True,
         config=decoder("Gemma3ForCausalLM", model_type="gemma3_text", num_hidden_layers=4, rope_theta=900.0, rope_local_base_freq=30.0,
                        rope_scaling={"rope_type": "linear", "factor": 4.0}, sliding_window=6, sliding_window_pattern=3, **GEMMA)),
    dict(name="gemma3_text-layer-types", what="the same with the newer keys layer_types and rope_parameters", length=15,
         config=decoder("Gemma3ForCausalLM", model_type="gemma3_text", rope_theta=None, sliding_window=5,
                        layer_types=["full_attention", "sliding_attention", "sliding_attention"],
                        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 700.0},
                                         "sliding_attention": {"rope_type": "default", "rope_theta": 40.0}}, **GEMMA)),
    dict(name="gemma2-plain-scale", what="scores scaled by the head size and rope theta 10000, as GGUF implies, which has no fields for others", length=15,
         config=decoder("Gemma2ForCausalLM", model_type="gemma2", attn_logit_softcapping=4.0, final_logit_softcapping=7.0,
                        num_hidden_layers=2, rope_theta=10000.0, sliding_window=5, **(GEMMA | {"query_pre_attn_scalar": 10}))),
    dict(name="gemma3_text-pattern-6", what="seven layers, the sixth global, as GGUF, which has no field for another pattern, implies",
         length=13, config=decoder("Gemma3ForCausalLM", model_type="gemma3_text", num_hidden_layers=7, intermediate_size=17,
                                   num_attention_heads=2, num_key_value_heads=1, rope_theta=900.0, rope_local_base_freq=30.0,
                                   sliding_window=4, sliding_window_pattern=6, **(GEMMA | {"query_pre_attn_scalar": 10}))),
    dict(name="phi3", what="fused qkv and gate_up, window shorter than the text", length=17, full=True,
         config=decoder("Phi3ForCausalLM", model_type="phi3", sliding_window=9, original_max_position_embeddings=64, pad_token_id=0)),
    dict(name="phi3-longrope", what="longrope with long factors, factor from the ratio of contexts, rotary on part of each head", length=26,
         config=decoder("Phi3ForCausalLM", model_type="phi3", hidden_size=40, num_hidden_layers=2, num_attention_heads=4,
                        partial_rotary_factor=0.8, original_max_position_embeddings=20, max_position_embeddings=80, pad_token_id=0,
                        sliding_window=None,
                        rope_scaling={"type": "longrope", "short_factor": FACTORS[:4], "long_factor": LONG_FACTORS[:4]})),
    dict(name="phi3-longrope-short", what="the same model within the original context (short factors)", model="phi3-longrope",
         length=6, new=10),
    dict(name="olmo2", what="norms after each branch only, q and k normalised over all heads together", length=17, full=True,
         config=decoder("Olmo2ForCausalLM", model_type="olmo2", attention_bias=False)),
    dict(name="bert-masked-word", what="BertForMaskedLM: norm after adding, token types, padding mask, tied decoder with bias",
         config=bert("BertForMaskedLM"), length=15, batch=2, full=True, inputs="bert"),
    dict(name="bert-next-sentence", what="BertForNextSentencePrediction", config=bert("BertForNextSentencePrediction", num_hidden_layers=2),
         length=13, batch=2, inputs="bert"),
    dict(name="bert-pretraining", what="BertForPreTraining, both heads; LayerNorm.gamma and LayerNorm.beta as old checkpoints name them; gelu_new",
         config=bert("BertForPreTraining", num_hidden_layers=2, hidden_act="gelu_new"), length=13, batch=2, inputs="bert",
         rename="bert-gamma"),
    dict(name="bert-classes", what="BertForSequenceClassification, three labels",
         config=bert("BertForSequenceClassification", num_hidden_layers=2, **LABELS), length=13, batch=2, inputs="bert"),
    dict(name="bert-tokens", what="BertForTokenClassification, three labels; relu",
         config=bert("BertForTokenClassification", num_hidden_layers=2, hidden_act="relu", **LABELS), length=13, batch=2, inputs="bert"),
    dict(name="bert-pooler", what="BertModel: names without the prefix bert., pooler", config=bert("BertModel", num_hidden_layers=2),
         length=13, batch=2, inputs="bert"),
    dict(name="t5", what="first T5: relu, tied and scaled unembedding, relative bias in buckets, no scaling of scores; padding mask",
         config=t5(), length=26, batch=2, full=True, inputs="t5", shard=40),
    dict(name="t5-v1_1", what="T5 v1.1: gated gelu_new, untied", length=23, batch=1, full=True, inputs="t5",
         config=t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False)),
    dict(name="marian", what="the first Transformer: sinusoidal positions, norms after adding, one embedding scaled by the root of the width, "
         "bias of the scores, other numbers of heads and neurons on each side; padding mask", config=marian(), length=17, batch=2, full=True,
         inputs="t5", seed=10, files={"generation_config.json": MARIAN_GENERATION}),
    dict(name="marian-plain", what="embedding not scaled, relu, scores by a matrix of their own", length=13, batch=1, inputs="t5", seed=6,
         config=marian(scale_embedding=False, activation_function="relu", tie_word_embeddings=False, decoder_layers=1)),
    dict(name="vit-classes", what="ViTForImageClassification: class token, learned positions, 4 x 4 patches",
         config=vit("ViTForImageClassification", **LABELS), batch=2, full=True, inputs="vit",
         files={"preprocessor_config.json": PREPROCESSOR}),
    dict(name="vit-pooler", what="ViTModel with pooler; 15 x 25 pixels in patches of 5 (3 x 5), one channel, no qkv bias",
         config=vit("ViTModel", num_hidden_layers=2, image_size=[15, 25], num_channels=1, qkv_bias=False), batch=1, inputs="vit"),
    dict(name="deit-teacher", what="DeiTForImageClassificationWithTeacher: a second token, logits are the mean of two heads'",
         config=vit("DeiTForImageClassificationWithTeacher", model_type="deit", num_hidden_layers=2, **LABELS), batch=2, inputs="vit"),
    dict(name="deit-classes", what="DeiTForImageClassification; one channel",
         config=vit("DeiTForImageClassification", model_type="deit", num_hidden_layers=2, num_channels=1, **LABELS), batch=1, inputs="vit"),
    dict(name="swin", what="windows of 3 x 3, shifted by 1; a grid of 11 x 7 that needs padding, and merging over its odd edge; learned positions",
         config=swin(**LABELS), batch=2, full=True, inputs="vit"),
    dict(name="swin-grey", what="28 x 28 pixels of one channel; the second stage is one window, which is not shifted; no qkv bias",
         config=swin(image_size=28, num_channels=1, window_size=7, num_heads=[2, 2], qkv_bias=False, use_absolute_embeddings=False, **LABELS),
         batch=1, inputs="vit"),
    dict(name="convnext", what="no attention: convolutions of 7 x 7 beyond the edges of 7 x 7 and 3 x 3 rows; 28 x 28 pixels of one channel",
         config=convnext(**LABELS), batch=2, full=True, inputs="vit"),
]
