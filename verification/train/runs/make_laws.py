#!/usr/bin/env python3
"""Makes laws.json: with which numbers transformers begins models (mean, deviation, rows of zeros of every tensor that it saves); see
README.md."""

import json
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent
LLAMA = {"vocab_size": 101, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 64}
T5 = {"vocab_size": 101, "d_model": 48, "d_kv": 10, "d_ff": 96, "num_layers": 2, "num_decoder_layers": 2, "num_heads": 4,
      "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
CONFIGS = {
    "gpt2": {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 101, "n_embd": 48, "n_layer": 3, "n_head": 4,
             "n_positions": 64, "bos_token_id": 0, "eos_token_id": 0},
    "gpt_neox": {"model_type": "gpt_neox", "architectures": ["GPTNeoXForCausalLM"], "vocab_size": 101, "hidden_size": 48,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96, "initializer_range": 0.05,
                 "tie_word_embeddings": False},
    "llama": {"model_type": "llama", "architectures": ["LlamaForCausalLM"], **LLAMA, "tie_word_embeddings": False},
    "llama-padded": {"model_type": "llama", "architectures": ["LlamaForCausalLM"], **LLAMA, "pad_token_id": 3, "attention_bias": True,
                     "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], **LLAMA, "head_dim": 16, "tie_word_embeddings": False},
    "gemma2": {"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"], **LLAMA, "head_dim": 16},
    "gemma3_text": {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"], **LLAMA, "head_dim": 16},
    "phi3": {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], **LLAMA, "pad_token_id": 5, "tie_word_embeddings": False},
    "olmo2": {"model_type": "olmo2", "architectures": ["Olmo2ForCausalLM"], **LLAMA, "tie_word_embeddings": False},
    "bert": {"model_type": "bert", "architectures": ["BertForPreTraining"], "vocab_size": 101, "hidden_size": 48, "num_hidden_layers": 2,
             "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64},
    "bert-classes": {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "vocab_size": 101, "hidden_size": 48,
                     "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64,
                     "pad_token_id": 2},
    "t5": {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], **T5},
    "t5-v1_1": {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], **T5, "feed_forward_proj": "gated-gelu",
                "tie_word_embeddings": False, "initializer_factor": 0.5},
    "vit": {"model_type": "vit", "architectures": ["ViTForImageClassification"], "hidden_size": 48, "num_hidden_layers": 2,
            "num_attention_heads": 4, "intermediate_size": 96, "image_size": 16, "patch_size": 4, "num_channels": 3},
}


def tensors(config):
    cls = getattr(transformers, config["architectures"][0])
    values = {k: v for k, v in config.items() if k not in ("model_type", "architectures")}
    model = cls(cls.config_class(**values))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return {k: v.float() for f in Path(folder).glob("*.safetensors") for k, v in load_file(f).items()}


def main():
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    laws = {}
    for name, config in CONFIGS.items():
        torch.manual_seed(len(laws))
        all_of = {}
        for k, v in tensors(config).items():
            zeros = [i for i, row in enumerate(v) if v.dim() > 1 and not row.any()]
            law = {"shape": list(v.shape), "mean": round(v.mean().item(), 6), "deviation": round(v.std(correction=0).item(), 6)}
            all_of[k] = {**law, "zeros": zeros} if zeros and len(zeros) < len(v) else law
        laws[name] = {"config": config, "tensors": all_of}
        print(name, len(all_of), flush=True)
    text = json.dumps(laws, separators=(",", ":")).replace('},"', '},\n"')
    (HERE / "laws.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
