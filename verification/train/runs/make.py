#!/usr/bin/env python3
"""Makes NAME.safetensors (prepared batches) and expected.json: losses, gradient norms and learning rates of a training loop of
torch and transformers over them, in float64; see README.md."""

import json
import sys
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))

import exact  # noqa: E402
from cases import CASES as MODELS  # noqa: E402
from make import model_class, open_checkpoint  # noqa: E402

STEPS = 8
BATCH = 4
ADAMW = {"name": "adamw", "lr": 2e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1, "clip": 1.0}

# Golden model, objective, and what the recipe says of optimiser and schedule.
CASES = {
    "gpt2": ("next-token", ADAMW, {"name": "cosine", "warmup": 2}),
    "llama": ("next-token", {**ADAMW, "clip": 0, "betas": [0.8, 0.95]}, {"name": "linear", "warmup": 3}),
    "phi3": ("next-token", {**ADAMW, "eps": 1e-4}, {"name": "constant", "warmup": 2}),
    "gpt_neox": ("next-token", {**ADAMW, "clip": 0.5}, {"name": "wsd", "warmup": 2, "decay": 3, "min_lr": 2e-4}),
    "bert-masked-word": ("masked", ADAMW, {"name": "cosine", "warmup": 1, "min_lr": 5e-4}),
    "bert-pretraining": ("masked+next-sentence", ADAMW, {"name": "linear"}),
    "bert-classes": ("classify", {"name": "sgd", "lr": 1e-2, "momentum": 0.9, "weight_decay": 0}, {"name": "constant"}),
    "t5": ("sequence-to-sequence", {**ADAMW, "clip": 0.5}, {"name": "cosine"}),
    "vit-classes": ("classify", {**ADAMW, "no_decay": ["*.bias", "*layernorm*", "vit.embeddings.*"]}, {"name": "linear"}),
}


def batches(name, config, objective, g):
    """Ten examples, so that batches of four go round the end; some with padding."""
    n, t = 10, 9
    ids = torch.randint(3, 97, (n, t), generator=g)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    mask[4, 5:] = 0
    pad = config.get("pad_token_id") or 0
    if objective == "classify" and config["model_type"] == "vit":
        size, channels = config["image_size"], config["num_channels"]
        return {
            "pixel_values": torch.randn(n, channels, size, size, generator=g, dtype=torch.float32),
            "labels": torch.randint(0, 3, (n,), generator=g),
        }
    ids = torch.where(mask == 1, ids, pad)
    made = {"input_ids": ids, "attention_mask": mask}
    if objective == "next-token":
        made["labels"] = torch.where(mask == 1, ids, -100)
    elif objective.startswith("masked"):
        words = torch.randint(3, 97, (n, t), generator=g)
        chosen = (torch.rand(n, t, generator=g) < 0.4) & (mask == 1)
        chosen[:, 1] = True
        made["labels"] = torch.where(chosen, words, -100)
        made["token_type_ids"] = (torch.arange(t) > 3).long().repeat(n, 1) * mask
        if "sentence" in objective:
            made["next_sentence_label"] = torch.randint(0, 2, (n,), generator=g)
    elif objective == "classify":
        made["labels"] = torch.randint(0, 3, (n,), generator=g)
        made["token_type_ids"] = torch.zeros_like(ids)
    else:
        labels = torch.randint(3, 97, (n, 7), generator=g)
        labels[2, 4:] = -100
        made["labels"] = labels
    return made


def decayed(name, p, patterns):
    if patterns is None:
        return p.dim() > 1
    import fnmatch
    return not any(fnmatch.fnmatchcase(name, x) for x in patterns)


def schedule_of(optimizer, s, lr):
    warmup = s.get("warmup", 0)
    if s["name"] == "constant":
        return transformers.get_constant_schedule_with_warmup(optimizer, warmup)
    if s["name"] == "linear":
        return transformers.get_linear_schedule_with_warmup(optimizer, warmup, STEPS)
    if s["name"] == "wsd":
        return transformers.get_wsd_schedule(
            optimizer, warmup, s["decay"], num_training_steps=STEPS, min_lr_ratio=s["min_lr"] / lr)
    if "min_lr" in s:
        return transformers.get_scheduler(
            "cosine_with_min_lr", optimizer, warmup, STEPS, scheduler_specific_kwargs={"min_lr": s["min_lr"]})
    return transformers.get_cosine_schedule_with_warmup(optimizer, warmup, STEPS)


def train(name, data, o, s):
    model, _ = open_checkpoint(GOLDEN / "models" / name)
    named = list(model.named_parameters())
    decay = o["weight_decay"]
    groups = [
        {"params": [p for n, p in named if decayed(n, p, o.get("no_decay"))], "weight_decay": decay},
        {"params": [p for n, p in named if not decayed(n, p, o.get("no_decay"))], "weight_decay": 0.0},
    ]
    if o["name"] == "adamw":
        optimizer = torch.optim.AdamW(groups, lr=o["lr"], betas=o["betas"], eps=o["eps"])
    else:
        optimizer = torch.optim.SGD(groups, lr=o["lr"], momentum=o["momentum"])
    schedule = schedule_of(optimizer, s, o["lr"])
    n = len(data["labels"])
    out = {"loss": [], "grad_norm": [], "lr": []}
    for step in range(STEPS):
        at = [(step * BATCH + i) % n for i in range(BATCH)]
        batch = {k: v[at].double() if v.is_floating_point() else v[at] for k, v in data.items()}
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        out["loss"].append(loss.item())
        clip = o.get("clip") or float("inf")
        out["grad_norm"].append(torch.nn.utils.clip_grad_norm_([p for _, p in named], clip).item())
        out["lr"].append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return out


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for case in MODELS:
        if "config" in case:
            model_class(case["config"])
    exact.widen()
    expected = {}
    for name, (objective, optimizer, schedule) in CASES.items():
        config = json.loads((GOLDEN / "models" / name / "config.json").read_text())
        data = batches(name, config, objective, torch.Generator().manual_seed(zlib.crc32(name.encode())))
        save_file(data, HERE / f"{name}.safetensors")
        recipe = {"objective": objective, "batch": BATCH, "steps": STEPS, "optimizer": optimizer, "schedule": schedule}
        expected[name] = {"recipe": recipe, **train(name, data, optimizer, schedule)}
        print(name, [round(x, 4) for x in expected[name]["loss"]], flush=True)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
