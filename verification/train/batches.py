#!/usr/bin/env python3
"""Makes batches/NAME.safetensors, prepared batches for golden models, and losses.json, what transformers' own loss of each step is.

The models are those of ../golden/models, in float64. Shifting of labels, shifting right of targets, positions of padded texts and the
sum of two losses are transformers': the models are given `labels` and asked for `loss`.
"""

import json
import sys
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden"
sys.path.insert(0, str(GOLDEN))

from make import open_checkpoint  # noqa: E402

EXAMPLES, COLUMNS, BATCH, STEPS = 3, 9, 2, 3

# Name: model, objective, side of the padding.
CASES = {
    "gpt2-right": ("gpt2", "next-token", "right"),
    "gpt2-left": ("gpt2", "next-token", "left"),
    "llama-right": ("llama", "next-token", "right"),
    "bert-right": ("bert-masked-word", "masked", "right"),
    "bert-left": ("bert-masked-word", "masked", "left"),
    "bert-holes": ("bert-masked-word", "masked", "holes"),
    "bert-pretraining": ("bert-pretraining", "masked+next-sentence", "right"),
    "bert-classes": ("bert-classes", "classify", "right"),
    "bert-tokens": ("bert-tokens", "classify", "right"),
    "t5-right": ("t5", "sequence-to-sequence", "right"),
    "t5-left": ("t5", "sequence-to-sequence", "left"),
    "t5-given": ("t5", "sequence-to-sequence", "given"),
    "vit": ("vit-classes", "classify", ""),
}


def mask(side):
    m = torch.ones(EXAMPLES, COLUMNS, dtype=torch.int64)
    if side == "right":
        m[0, 6:] = 0
        m[2, 8:] = 0
    if side == "left":
        m[0, :3] = 0
        m[2, :1] = 0
    if side == "holes":
        m[0, 2:4] = 0
        m[1, 0] = 0
    return m


def batches(model, config, objective, side, g):
    classes = model.config.num_labels
    if "pixel_values" == model.main_input_name:
        size = config["image_size"]
        height, width = size if isinstance(size, list) else (size, size)
        pixels = torch.randn(EXAMPLES, config.get("num_channels", 3), height, width, generator=g, dtype=torch.float32)
        return {"pixel_values": pixels, "labels": torch.randint(0, classes, (EXAMPLES,), generator=g)}
    vocabulary = model.config.vocab_size
    out = {"input_ids": torch.randint(2, vocabulary, (EXAMPLES, COLUMNS), generator=g)}
    if side != "given":
        out["attention_mask"] = mask(side)
    words = torch.randint(2, vocabulary, (EXAMPLES, COLUMNS), generator=g)
    if objective == "next-token":
        labels = out["input_ids"].clone()
        labels[out["attention_mask"] == 0] = -100
        labels[1, 4] = -100
        if side == "left":  # what comes before the first word is padding, from which nothing is to be predicted
            labels[0, 3] = labels[2, 1] = -100
        out["labels"] = labels
    elif objective.startswith("masked"):
        labels = words
        labels[torch.rand(labels.shape, generator=g) < 0.5] = -100
        labels[out["attention_mask"] == 0] = -100
        out["labels"] = labels
        out["token_type_ids"] = (torch.arange(COLUMNS) >= 4).long().repeat(EXAMPLES, 1)
        if objective.endswith("next-sentence"):
            out["next_sentence_label"] = torch.tensor([1, 0, 1])
    elif objective == "classify":
        out["labels"] = torch.randint(0, classes, (EXAMPLES,), generator=g)
        if "Token" in config["architectures"][0]:
            out["labels"] = torch.randint(0, classes, (EXAMPLES, COLUMNS), generator=g)
            out["labels"][out["attention_mask"] == 0] = -100
    else:
        out["labels"] = words[:, :7]
        out["labels"][0, 4:] = -100
        out["labels"][2, 2] = -100
        if side == "given":
            out["decoder_input_ids"] = torch.randint(2, vocabulary, (EXAMPLES, 7), generator=g)
    return {k: v.contiguous() for k, v in out.items()}


def main():
    losses = {}
    (HERE / "batches").mkdir(exist_ok=True)
    for name, (checkpoint, objective, side) in CASES.items():
        model, config = open_checkpoint(GOLDEN / "models" / checkpoint)
        made = batches(model, config, objective, side, torch.Generator().manual_seed(zlib.crc32(name.encode())))
        save_file(made, HERE / "batches" / f"{name}.safetensors")
        steps = []
        for step in range(STEPS):
            pick = [(step * BATCH + i) % EXAMPLES for i in range(BATCH)]
            inputs = {k: v[pick].to(torch.float64) if v.is_floating_point() else v[pick] for k, v in made.items()}
            steps.append(model(**inputs).loss.item())
        losses[name] = {"model": checkpoint, "objective": objective, "batch": BATCH, "losses": steps}
        print(name, steps)
    (HERE / "losses.json").write_text(json.dumps(losses, indent=1) + "\n")


if __name__ == "__main__":
    main()
