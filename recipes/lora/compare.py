#!/usr/bin/env python3
"""Opens an adapter that this recipe made with PEFT and transformers, and compares the logits with Cutaway's for the same tokens.

    recipes/lora/compare.py MODEL RUN         MODEL: the directory that was trained over, RUN: the recipe's out

Needs torch, transformers, peft, safetensors (the peers' Python has them). CUTAWAY_COMMAND is the command, ./cutaway by default."""
import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

root = pathlib.Path(__file__).resolve().parent.parent.parent
command = os.environ.get("CUTAWAY_COMMAND", str(root / "cutaway")).split()
model, run = sys.argv[1:3]
text = "add this tune to my rock playlist\nwill it snow in Oslo tomorrow\nbook a table for two in Paris"
ids = AutoTokenizer.from_pretrained(model)(text)["input_ids"]
base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
with torch.no_grad():
    plain = base(torch.tensor([ids])).logits[0]
    adapted = PeftModel.from_pretrained(base, run).eval()(torch.tensor([ids])).logits[0]
with tempfile.TemporaryDirectory() as work:
    out = f"{work}/logits.safetensors"
    subprocess.run([*command, "probe", model, "--adapter", run, "--exact", "--tokens", ",".join(map(str, ids)), "--tensor", "logits", "--out", out], check=True)
    ours = load_file(out)["logits"].reshape(adapted.shape)
print(f"{len(ids)} tokens; the adapter moves logits by up to {(adapted - plain).abs().max():.3f}; "
      f"PEFT's and Cutaway's differ by up to {(adapted - ours).abs().max():.2e}; likeliest tokens equal: {(adapted.argmax(-1) == ours.argmax(-1)).all().item()}")
sys.exit((adapted - ours).abs().max().item() > 1e-3 * adapted.abs().max().item())
