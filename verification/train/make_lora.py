#!/usr/bin/env python3
"""Losses of adapters that PEFT and torch train, in float64: verification/train/lora.json.

    python verification/train/make_lora.py

Each begins with an adapter of verification/golden/adapters, over the batches of verification/train/runs. Made with torch 2.15.0,
transformers 5.23.0, peft 0.21.2.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
sys.path.insert(0, str(GOLDEN))

import exact  # noqa: E402
from make import open_checkpoint  # noqa: E402

STEPS = 5
BATCH = 4
OPTIMIZER = {"name": "adamw", "lr": 5e-3, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.1, "clip": 0.5}
CASES = {"gpt2": "gpt2", "gpt2-head": "gpt2", "llama": "llama", "neox": "gpt_neox"}


def train(adapter, name):
    base, _ = open_checkpoint(GOLDEN / "models" / name)
    model = PeftModel.from_pretrained(base, GOLDEN / "adapters" / adapter, is_trainable=True, autocast_adapter_dtype=False).double()
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": OPTIMIZER["weight_decay"]},
        {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=OPTIMIZER["lr"], betas=OPTIMIZER["betas"], eps=OPTIMIZER["eps"])
    data = load_file(HERE / "runs" / f"{name}.safetensors")
    n = len(data["labels"])
    out = {"model": name, "parameters": sum(p.numel() for p in trained), "loss": [], "grad_norm": []}
    for step in range(STEPS):
        at = [(step * BATCH + i) % n for i in range(BATCH)]
        optimizer.zero_grad()
        loss = model(**{k: v[at] for k, v in data.items()}).loss
        loss.backward()
        out["loss"].append(loss.item())
        out["grad_norm"].append(torch.nn.utils.clip_grad_norm_(trained, OPTIMIZER["clip"]).item())
        optimizer.step()
    return out


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    exact.widen()
    cases = {adapter: train(adapter, name) for adapter, name in CASES.items()}
    recipe = {"batch": BATCH, "steps": STEPS, "optimizer": OPTIMIZER}
    (HERE / "lora.json").write_text(json.dumps({"recipe": recipe, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
