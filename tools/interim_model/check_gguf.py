#!/usr/bin/env python3
"""Compares the embedded model in llama.cpp with the same weights in transformers: ids of prompts, greedy text.

    check_gguf.py --gguf FILE --model DIR --llama-completion PROGRAM

--model is the folder of train.py. The weights are taken from the GGUF file itself, widened, so that the order of rows is checked too
and quantisation is on both sides; llama.cpp also rounds activations, so texts may part where two tokens are nearly equal, and
the lead of the winner there is printed.
"""

import argparse
import os
import subprocess
from pathlib import Path

import gguf
import torch
from to_gguf import NAMES
from transformers import AutoTokenizer, LlamaForCausalLM

PROMPTS = ["Once upon a time there was", "The old king said to his daughter,", "\"What a curious thing!\" said Alice"]


def halves_from_pairs(matrix, heads):
    rows, columns = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def load(model, file):
    llama = LlamaForCausalLM.from_pretrained(model)
    config = llama.config
    arrays = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(file).tensors}
    state = {"model.embed_tokens.weight": arrays["token_embd.weight"], "model.norm.weight": arrays["output_norm.weight"]}
    for layer in range(config.num_hidden_layers):
        for theirs, ours in NAMES.items():
            a = arrays[f"blk.{layer}.{ours}.weight"]
            if ours in ("attn_q", "attn_k"):
                a = halves_from_pairs(a, config.num_attention_heads if ours == "attn_q" else config.num_key_value_heads)
            state[f"model.layers.{layer}.{theirs}.weight"] = a
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    llama.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in state.items()})
    return llama.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--llama-completion", required=True)
    parser.add_argument("--tokens", type=int, default=60)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    llama, tokenizer = load(arguments.model, arguments.gguf), AutoTokenizer.from_pretrained(arguments.model)
    failures = 0
    for prompt in PROMPTS:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        made = llama.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, temperature=None, top_p=None,
                              max_new_tokens=arguments.tokens, pad_token_id=0)[0]
        theirs = tokenizer.decode(made, skip_special_tokens=True)
        command = [arguments.llama_completion, "-m", str(arguments.gguf), "-p", prompt, "-n", str(arguments.tokens), "--temp", "0", "-no-cnv",
                   "-t", "1", "--no-warmup", "--simple-io"]
        ours = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.removesuffix("\n")
        ours = ours.replace(" [end of text]", "").rstrip("\n")
        agree = len(os.path.commonprefix([ours, theirs]))
        print(f"--- {prompt!r}: {'same' if ours.strip() == theirs.strip() else f'part after {agree} characters'}\n{theirs}")
        if ours.strip() != theirs.strip():
            shared = max(n for n in range(len(ids[0]), len(made) + 1) if ours.startswith(tokenizer.decode(made[1:n])))
            with torch.no_grad():
                top = llama(made[None, :shared]).logits[0, -1].log_softmax(-1).topk(2)
            print(f"llama.cpp: {ours}\nlead of the winner there: {(top.values[0] - top.values[1]).item():.4f}")
            failures += (top.values[0] - top.values[1]).item() > 0.1
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
