#!/usr/bin/env python3
"""Writes configurations without weights and how many parameters they make, counted from transformers' modules on no device.

configs.json lists, for each: `all` parameters (a tied unembedding counted once) and `matrices`, the count of GPT-3's well-known
ledger: embedding and unembedding (each, tied or not) and the matrices of the blocks; no biases, norms or positions.
"""

import json
import math
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig

HERE = Path(__file__).parent
GPT2 = dict(architectures=["GPT2LMHeadModel"], model_type="gpt2", activation_function="gelu_new", layer_norm_epsilon=1e-5,
            vocab_size=50257, bos_token_id=50256, eos_token_id=50256)
CONFIGS = {
    "gpt3-175b": GPT2 | dict(n_layer=96, n_embd=12288, n_head=96, n_ctx=2048, n_positions=2048),
    "gpt2-small": GPT2 | dict(n_layer=12, n_embd=768, n_head=12, n_ctx=1024, n_positions=1024),
    "smollm2-135m": dict(
        architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=49152, hidden_size=576, intermediate_size=1536,
        num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, hidden_act="silu", max_position_embeddings=8192,
        rms_norm_eps=1e-5, rope_theta=100000, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2),
    "llama-2-7b": dict(
        architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=32000, hidden_size=4096, intermediate_size=11008,
        num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=32, hidden_act="silu", max_position_embeddings=4096,
        rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2),
    "bert-base": dict(
        architectures=["BertModel"], model_type="bert", vocab_size=30522, hidden_size=768, num_hidden_layers=12,
        num_attention_heads=12, intermediate_size=3072, hidden_act="gelu", max_position_embeddings=512, type_vocab_size=2,
        layer_norm_eps=1e-12, pad_token_id=0),
    "t5-small": dict(
        architectures=["T5ForConditionalGeneration"], model_type="t5", vocab_size=32128, d_model=512, d_kv=64, d_ff=2048,
        num_layers=6, num_decoder_layers=6, num_heads=8, relative_attention_num_buckets=32, feed_forward_proj="relu",
        layer_norm_epsilon=1e-6, is_encoder_decoder=True, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0),
    "vit-base": dict(
        architectures=["ViTForImageClassification"], model_type="vit", hidden_size=768, num_hidden_layers=12,
        num_attention_heads=12, intermediate_size=3072, hidden_act="gelu", layer_norm_eps=1e-12, image_size=224, patch_size=16,
        num_channels=3, qkv_bias=True),
}


def main():
    index = []
    for name, config in CONFIGS.items():
        folder = HERE / "configs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        with torch.device("meta"):
            model = getattr(transformers, config["architectures"][0])(AutoConfig.for_model(**config))
        parameters = {id(p): (n, math.prod(p.shape)) for n, p in model.named_parameters()}
        entry = {"name": name, "config": f"configs/{name}/config.json", "architecture": config["model_type"],
                 "all": sum(size for _, size in parameters.values())}
        if config["architectures"][0].endswith(("LMHeadModel", "ForCausalLM")):
            matrices = {id(m.weight): math.prod(m.weight.shape) for n, m in model.named_modules()
                        if getattr(getattr(m, "weight", None), "ndim", 0) == 2 and not n.endswith("wpe")}
            tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
            entry["tied"] = tied
            entry["matrices"] = sum(matrices.values()) + (math.prod(model.get_input_embeddings().weight.shape) if tied else 0)
        index.append(entry)
        print(entry)
    (HERE / "configs.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
