#!/usr/bin/env python3
"""Turns what train.py wrote into the embedded model: one GGUF file with Q8_0 matrices, and its manifest.

    to_gguf.py --model DIR --out DIR [--name tales]

writes NAME.gguf and NAME.json to --out. llama.cpp rotates neighbouring pairs of a head where Hugging Face rotates its halves, so rows of
the query and key matrices change places on the way, as in llama.cpp's own converter.
"""

import argparse
import hashlib
import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

LIMIT = 12_000_000
NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def pairs_from_halves(matrix, heads):
    """Rows of each head from (first half, second half) to neighbouring pairs."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def tensors(weights, config):
    """(GGUF name, array) of each weight."""
    yield "token_embd.weight", weights["model.embed_tokens.weight"]
    yield "output_norm.weight", weights["model.norm.weight"]
    for layer in range(config["num_hidden_layers"]):
        for theirs, ours in NAMES.items():
            matrix = weights[f"model.layers.{layer}.{theirs}.weight"]
            if ours == "attn_q":
                matrix = pairs_from_halves(matrix, config["num_attention_heads"])
            elif ours == "attn_k":
                matrix = pairs_from_halves(matrix, config["num_key_value_heads"])
            yield f"blk.{layer}.{ours}.weight", matrix


def add_tokenizer(writer, tokenizer):
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    special = {t["id"] for t in tokenizer["added_tokens"] if t["special"]}
    kinds = [gguf.TokenType.CONTROL if i in special else gguf.TokenType.NORMAL for _, i in vocabulary]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([text for text, _ in vocabulary])
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


def write(model, file, name):
    config = json.loads((model / "config.json").read_text())
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_name(name)
    writer.add_description("Small decoder trained on public-domain prose, mostly tales for children")
    writer.add_license("Apache-2.0")
    writer.add_languages(["en"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer(writer, json.loads((model / "tokenizer.json").read_text()))
    for tensor, array in tensors(load_file(model / "model.safetensors"), config):
        array = np.ascontiguousarray(array, dtype=np.float32)
        if array.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(tensor, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="tales")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / f"{arguments.name}.gguf"
    write(arguments.model, file, arguments.name)
    size = file.stat().st_size
    if size >= LIMIT:
        raise SystemExit(f"{file.name}: {size:,} bytes, the embedded model must stay below {LIMIT:,}")
    training = json.loads((arguments.model / "training.json").read_text())
    manifest = {
        "name": arguments.name,
        "file": file.name,
        "title": "Tales: a small llama trained on public-domain prose",
        "architecture": "llama",
        "parameters": training.pop("parameters"),
        "quantisation": "Q8_0 matrices, float32 norms",
        "bytes": size,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "data_licence": "24 books in the public domain; Standard Ebooks' edits CC0 1.0",
        "training": training,
    }
    (arguments.out / f"{arguments.name}.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{file}: {size:,} bytes")


if __name__ == "__main__":
    main()
