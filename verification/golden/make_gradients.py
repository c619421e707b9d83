#!/usr/bin/env python3
"""Makes gradients/NAME.safetensors: torch's loss and gradients of golden models, in float64; see README.md."""

import argparse
import fnmatch
import json
import re
import zlib

import torch
import transformers
from safetensors.torch import load_file, save_file

import exact
import probes
from make import HERE, model_class, narrow, open_checkpoint
from cases import CASES

# Name of the case, and label smoothing.
CASES_HERE = {
    "gpt2": 0, "gpt2-bare-names": 0.1, "llama": 0, "llama-tied-biased": 0.1, "gpt_neo": 0, "gpt_neox": 0, "mistral": 0, "gemma2": 0, "qwen3": 0,
    "phi3": 0, "olmo2": 0, "bert-masked-word": 0, "bert-classes": 0, "t5": 0, "t5-v1_1": 0.1, "marian": 0,
    "marian-plain": 0.1, "vit-classes": 0, "deit-teacher": 0, "swin": 0, "swin-grey": 0, "convnext": 0,
}
FULL = ("gpt2", "llama", "bert-masked-word", "t5", "marian", "vit-classes", "swin", "convnext")
STEPS = 8
LATER = re.compile(r"\.[1-9]\d*\.")  # blocks of which only sums and norms are kept
PROBES = ("hook_embed", "hook_resid_pre", "hook_resid_mid", "hook_resid_post", "hook_q", "hook_k", "hook_v", "hook_pattern", "hook_z", "hook_mlp_out")


class Gradients(probes.Recorder):
    """Keeps the tensors that the loss is computed from, not copies."""

    def keep(self, name, tensor):
        if tensor.requires_grad:
            tensor.retain_grad()
            self.values[name] = tensor

    def heads(self, module, name, head_size):
        def seen(x):
            x.retain_grad()
            self.values[name] = Split(x, head_size)

        self.after(module, seen)


class Split:
    def __init__(self, x, size):
        self.x, self.size = x, size

    @property
    def grad(self):
        return self.x.grad.unflatten(-1, (-1, self.size))


def labels_of(inputs, config, logits, generator):
    classes = logits.shape[-1]
    if logits.dim() == 2:
        return torch.randint(0, classes, logits.shape[:1], generator=generator)
    if config["model_type"] in ("bert", "t5", "marian"):
        labels = torch.randint(0, classes, logits.shape[:2], generator=generator)
        labels[torch.rand(labels.shape, generator=generator) < 0.5] = -100
    else:
        labels = torch.full_like(inputs["input_ids"], -100)
        labels[:, :-1] = inputs["input_ids"][:, 1:]
    if config["model_type"] == "bert" and "attention_mask" in inputs:
        labels[inputs["attention_mask"] == 0] = -100
    return labels


def stored_name(own, p, stored):
    """What the checkpoint calls a parameter: transformers gives some other names when it opens them. All numbers are random, so they tell."""
    same = [k for k, v in stored.items() if v.numel() == p.numel() and torch.equal(v.flatten().to(p.dtype), p.flatten())]
    if own in same:
        return own
    if len(same) != 1:
        raise RuntimeError(f"{own} is {same} in the checkpoint")
    return same[0]


def train(kind, entry, inputs, labels, options, smoothing):
    """Losses and gradient norms of the first steps on one batch: AdamW with decay, clipping and a schedule; SGD with momentum."""
    model, _ = open_checkpoint(HERE / entry["model"])
    weights = list(model.parameters())
    if kind == "adamw":
        groups = [{"params": [p for p in weights if p.dim() > 1]}, {"params": [p for p in weights if p.dim() <= 1], "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=2e-3, weight_decay=0.1)
        schedule = transformers.get_cosine_schedule_with_warmup(optimizer, 2, STEPS)
    else:
        optimizer = torch.optim.SGD(weights, lr=1e-2, momentum=0.9)
        schedule = transformers.get_constant_schedule(optimizer)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        logits = model(**inputs, **options).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), label_smoothing=smoothing)
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(weights, 1.0 if kind == "adamw" else float("inf")).item())
        optimizer.step()
        schedule.step()
    return torch.tensor(losses), torch.tensor(norms)


def gradients(name, smoothing):
    entry = next(c for c in json.loads((HERE / "cases.json").read_text()) if c["name"] == name)
    model, config = open_checkpoint(HERE / entry["model"])
    inputs = load_file(HERE / entry["inputs"])
    if "pixel_values" in inputs:
        inputs["pixel_values"] = inputs["pixel_values"].to(torch.float64)
    recorder = Gradients()
    probes.WATCH.get(model.config.model_type, probes.watch_llama_like)(recorder, model)
    probes.same = lambda *_: None
    with recorder.running(), torch.enable_grad():
        options = {} if "pixel_values" in inputs or config["model_type"] in ("bert", "t5", "marian") else {"use_cache": False}
        logits = model(**inputs, **options).logits
    labels = labels_of(inputs, config, logits, torch.Generator().manual_seed(zlib.crc32((name + " labels").encode())))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), label_smoothing=smoothing)
    loss.backward()
    made = {"labels": labels, "loss": loss.detach().reshape(1)}
    stored = {k: v for f in (HERE / entry["model"]).glob("*.safetensors") for k, v in load_file(f).items()}
    for own, p in model.named_parameters():
        if p.grad is not None:
            key = stored_name(own, p.detach(), stored)
            made["weight." + key] = p.grad if name in FULL and not LATER.search(key) else torch.stack((p.grad.sum(), p.grad.norm()))
    if name in FULL:
        for key, value in recorder.values.items():
            if key.split(".")[-1] in PROBES and not LATER.search(key) and value.grad is not None:
                made["grad." + key] = value.grad
    if name in FULL:
        for kind in ("adamw", "sgd"):
            made[f"{kind}.losses"], made[f"{kind}.norms"] = train(kind, entry, inputs, labels, options, smoothing)
    metadata = {"smoothing": str(smoothing)}
    save_file({k: narrow(v) for k, v in made.items()}, HERE / "gradients" / f"{name}.safetensors", metadata=metadata)
    size = (HERE / "gradients" / f"{name}.safetensors").stat().st_size
    print(f"{name:20} {len(made):4} tensors {size // 1024:5} KiB, loss {loss.item():.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=["*"])
    only = parser.parse_args().only
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for case in CASES:
        if "config" in case:
            model_class(case["config"])
    exact.widen()
    (HERE / "gradients").mkdir(exist_ok=True)
    for name, smoothing in CASES_HERE.items():
        if any(fnmatch.fnmatch(name, pattern) for pattern in only):
            gradients(name, smoothing)


if __name__ == "__main__":
    main()
