#!/usr/bin/env python3
"""Trains with ./cutaway, opens what it leaves with transformers, and compares logits with cutaway probe's; see README.md."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FRESH = ("gpt2", "llama-padded", "gemma2", "phi3", "gpt_neox", "bert", "t5-v1_1", "vit")
BATCHES = {"gpt2": "gpt2", "llama-padded": "llama", "gemma2": "llama", "phi3": "phi3", "gpt_neox": "gpt_neox", "bert": "bert-pretraining",
           "t5-v1_1": "t5", "vit": "vit-classes"}


def cutaway(*args):
    done = subprocess.run([sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "cutaway"), *map(str, args)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"cutaway {args}: {done.stderr}")


def compare(name, model, batches, recipe, folder):
    out = folder / name
    file = folder / f"{name}.json"
    file.write_text(json.dumps({**recipe, "model": model, "data": {"batches": str(batches)}, "out": str(out), "seed": 2}))
    cutaway("train", file)
    config = json.loads((out / "config.json").read_text())
    theirs, report = getattr(transformers, config["architectures"][0]).from_pretrained(
        out, attn_implementation="eager", output_loading_info=True)
    for trouble in ("missing_keys", "mismatched_keys", "unexpected_keys"):
        if report[trouble]:
            raise RuntimeError(f"{name}: {trouble} {report[trouble]}")
    data = load_file(batches)
    if "pixel_values" in data:
        inputs = {"pixel_values": data["pixel_values"][:2]}
    else:
        # Rows without padding, since padded rows are nobody's business.
        inputs = {"input_ids": data["input_ids"][2:4].contiguous()}
        if config["model_type"] == "t5":
            inputs["decoder_input_ids"] = data["labels"][0:2].contiguous()
        if "token_type_ids" in data:
            inputs["token_type_ids"] = data["token_type_ids"][2:4].contiguous()
    save_file(inputs, folder / "inputs.safetensors")
    cutaway("probe", out, "--inputs", folder / "inputs.safetensors", "--tensor", "logits", "--out", folder / "logits.safetensors")
    ours = load_file(folder / "logits.safetensors")["logits"]
    with torch.no_grad():
        got = theirs.eval()(**inputs)
    logits = got.prediction_logits if "prediction_logits" in got else got.logits
    ours = ours.reshape(logits.shape)
    return (ours - logits).abs().max().item() / logits.abs().max().item()


def main():
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    laws = json.loads((HERE / "laws.json").read_text())
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, case in json.loads((HERE / "expected.json").read_text()).items():
            init = {"init": str(HERE.parents[1] / "golden" / "models" / name)}
            d = compare(name, init, HERE / f"{name}.safetensors", case["recipe"], Path(folder))
            print(f"{name:18} {d:.1e}", flush=True)
            worst = max(worst, d)
        for name in FRESH:
            config = dict(laws[name]["config"])
            config["architecture"] = config.pop("model_type")
            if name == "vit":
                config.update(image_size=20, patch_size=5, num_labels=3)
            recipe = {"batch": 4, "steps": 4}
            if name == "bert":
                recipe["objective"] = "masked+next-sentence"
            d = compare(f"new {name}", config, HERE / f"{BATCHES[name]}.safetensors", recipe, Path(folder))
            print(f"new {name:14} {d:.1e}", flush=True)
            worst = max(worst, d)
    print(f"largest difference of logits, relative: {worst:.1e}")
    sys.exit(worst > 1e-5)


if __name__ == "__main__":
    main()
