#!/usr/bin/env python3
"""Runs every case in transformers as it is, in float32, and compares it with the committed references.

It shows that the float64 references are those of the unchanged library, and how near float32 comes: the largest difference of
each case relative to the largest value of the tensor. Ends with 1 where one exceeds 1e-4.
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

import make
import probes

HERE = Path(__file__).parent


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    probes.TOLERANCE = 1e-4
    failed = False
    for case in json.loads((HERE / "cases.json").read_text()):
        model, config = make.open_checkpoint(HERE / case["model"], torch.float32)
        inputs, expected = load_file(HERE / case["inputs"]), load_file(HERE / case["expected"])
        values = make.run({"inputs": None if "ForCausalLM" in case["class"] or "LMHead" in case["class"] else "other"}, model, inputs)
        worst, where = 0.0, ""
        for name, tensor in expected.items():
            if name.startswith("greedy"):
                continue
            seen = tensor > -1e30
            difference = ((values[name] - tensor).abs() * seen).max().item() / (tensor * seen).abs().max().item()
            if difference > worst:
                worst, where = difference, name
        failed |= not worst < 1e-4
        print(f"{case['name']:28} {worst:.1e} {where}", flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
