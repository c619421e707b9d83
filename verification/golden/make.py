#!/usr/bin/env python3
"""Makes the golden checkpoints and their references: make.py [--only GLOB ...]; see README.md."""

import argparse
import fnmatch
import json
import math
import shutil
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, GenerationConfig

import exact
import probes
from cases import CASES, VOCAB

HERE = Path(__file__).parent
BRIEF = ("tokens", "logits", "nsp_logits", "cls_logits", "distillation_logits", "pooler", "greedy", "hook_embed", "hook_pos_embed",
         "hook_resid_pre", "hook_resid_post", "hook_normalized_resid_post", "hook_q", "hook_rot_q", "hook_rot_k", "hook_pattern")


def model_class(config):
    return getattr(transformers, config["architectures"][0])


# ---- checkpoints --------------------------------------------------------------------------------------------------


def randomise(model, generator, t5):
    """Every parameter random; norms around 1 (around 0 where the model adds 1) and biases far from 0."""
    gemma, marian = model.config.model_type.startswith("gemma"), model.config.model_type == "marian"
    if marian:
        model.final_logits_bias.copy_(0.2 * torch.randn(model.final_logits_bias.shape, generator=generator, dtype=torch.float64))
    for name, p in model.named_parameters():
        if "embed_positions" in name:  # of marian: sines and cosines
            continue
        noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        leaf = name.split(".")[-2] if "." in name else name
        if p.dim() == 1 and name.endswith("weight"):
            value = 0.3 * noise + (0 if gemma else 1)
        elif p.dim() == 1:
            value = (0.1 if marian else 0.4) * noise
        elif "relative_attention_bias" in name:
            value = 1.5 * noise
        elif any(part in leaf for part in ("wte", "embed", "shared")) and p.dim() == 2:
            value = (0.35 if marian else 0.25 if gemma else 0.5 if model.config.tie_word_embeddings else 1.0) * noise
        elif p.dim() == 2 and leaf != "wpe":
            inner = p.shape[0] if model.config.model_type == "gpt2" and leaf.startswith("c_") else p.shape[1]
            # Marian: less of the source and more of its own words, else it says one word over and over.
            own = 0.7 if "encoder_attn" in name else 2.5 if leaf in ("fc1", "fc2") else 1.5
            value = (own if marian else 1.5 if not t5 else 0.8 if leaf in "qk" else 2.5) * noise / math.sqrt(inner)
        elif p.dim() == 4:
            value = 1.2 * noise / math.sqrt(p[0].numel())
        else:
            value = 0.6 * noise
        p.data = value


def rename(state, kind, config):
    if kind == "gpt2-bare":
        state = {k.removeprefix("transformer."): v for k, v in state.items()}
        mask = torch.ones(config["n_ctx"], config["n_ctx"]).tril().view(1, 1, config["n_ctx"], config["n_ctx"])
        state |= {f"h.{i}.attn.bias": mask.to(torch.float16).clone() for i in range(config["n_layer"])}
    elif kind == "bert-gamma":
        state = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in state.items()}
    return state


def write_checkpoint(case, folder):
    config, seed = case["config"], zlib.crc32(case["name"].encode()) + case.get("seed", 0)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = AutoConfig.for_model(**{k: v for k, v in config.items() if v is not None})
    model = model_class(config)(settings)
    randomise(model, torch.Generator().manual_seed(seed), config["model_type"] == "t5")
    dtype = getattr(torch, case.get("store", "float32"))
    model.to(dtype).save_pretrained(folder, max_shard_size=f"{case['shard']}KB" if "shard" in case else "50MB")
    for extra in folder.glob("*.json"):
        if not extra.name.endswith(".index.json"):
            extra.unlink()
    kind = case.get("rename")
    if kind:
        files = sorted(folder.glob("*.safetensors"))
        where = {}
        for i, file in enumerate(files):
            state = rename(load_file(file), kind, config if i == 0 else config | {"n_layer": 0})
            save_file(state, file, metadata={"format": "pt"})
            where |= {name: file.name for name in state}
        if len(files) > 1:
            total = sum(v.numel() * v.element_size() for f in files for v in load_file(f).values())
            index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    for name, content in case.get("files", {}).items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}, indent=2) + "\n")


def open_checkpoint(folder, dtype=torch.float64):
    config = json.loads((folder / "config.json").read_text())
    model, report = model_class(config).from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", output_loading_info=True)
    for trouble in ("missing_keys", "mismatched_keys"):
        if report[trouble]:
            raise RuntimeError(f"{folder.name}: {trouble} {report[trouble]}")
    unexpected = [k for k in report["unexpected_keys"] if not k.endswith("attn.bias")]
    if unexpected:
        raise RuntimeError(f"{folder.name}: unexpected {unexpected}")
    model.generation_config = GenerationConfig()
    return model.eval(), config


# ---- references ---------------------------------------------------------------------------------------------------


def make_inputs(case, config, generator):
    def ids(*shape):
        return torch.randint(3, VOCAB - 1, shape, generator=generator)

    batch, kind = case.get("batch", 1), case.get("inputs", "decoder")
    if kind == "vit":
        size = config["image_size"]
        height, width = size if isinstance(size, list) else (size, size)
        return {"pixel_values": torch.randn(batch, config["num_channels"], height, width, generator=generator)
                .to(torch.float32).to(torch.float64)}
    length = case["length"]
    inputs = {"input_ids": ids(batch, length)}
    if kind == "bert" or (kind == "t5" and batch > 1):
        mask = torch.ones(batch, length, dtype=torch.int64)
        mask[1, length - 4 :] = 0
        inputs["attention_mask"] = mask
        inputs["input_ids"] = inputs["input_ids"] * mask
    if kind == "bert":
        types = torch.zeros(batch, length, dtype=torch.int64)
        types[0, 6:], types[1, 4:] = 1, 1
        inputs["token_type_ids"] = types
    if kind == "t5":
        target = ids(batch, 11)
        target[:, 0] = config["decoder_start_token_id"]
        inputs["decoder_input_ids"] = target
    return inputs


def forget(model):
    """Dynamic rope keeps the frequencies of the longest text it has seen; back to those of a model just opened."""
    rotary = getattr(getattr(model, "model", None), "rotary_emb", None)
    if rotary is not None and rotary.rope_type == "dynamic":
        rotary.inv_freq.copy_(rotary.original_inv_freq)
        rotary.max_seq_len_cached = rotary.original_max_seq_len


def continue_greedily(case, model, inputs):
    """Greedy tokens by `generate`, the smallest lead of a winner over the second, and what an uncached run says."""
    count = case.get("new", 12)
    options = dict(do_sample=False, max_new_tokens=count, min_new_tokens=count, eos_token_id=None, pad_token_id=0)
    source = {k: v for k, v in inputs.items() if k != "decoder_input_ids"}
    if model.config.is_encoder_decoder:
        options["decoder_start_token_id"] = model.config.decoder_start_token_id
    source.setdefault("attention_mask", torch.ones_like(source["input_ids"]))
    found = {}
    for cached in (True, False):
        forget(model)
        made = model.generate(**source, generation_config=GenerationConfig(use_cache=cached, **options))
        found[cached] = made[:, 1:] if model.config.is_encoder_decoder else made[:, inputs["input_ids"].shape[1] :]
    lead = math.inf
    forget(model)
    first = torch.full((found[False].shape[0], 1), getattr(model.config, "decoder_start_token_id", None) or 0)
    start = first if model.config.is_encoder_decoder else source["input_ids"]
    for i in range(count):
        ids = torch.cat((start, found[False][:, :i]), 1)
        with torch.no_grad():
            logits = model(**source, decoder_input_ids=ids).logits if model.config.is_encoder_decoder else model(ids).logits
        top = logits[:, -1].topk(2, -1).values
        lead = min(lead, (top[:, 0] - top[:, 1]).min().item())
    return found[True], found[False], lead


def run(case, model, inputs):
    forget(model)
    recorder = probes.watch(model)
    with recorder.running():
        options = {} if case.get("inputs") else {"use_cache": False}
        output = model(**inputs, **options)
    values = recorder.values
    architecture = type(model).__name__
    if architecture == "BertForPreTraining":
        values["logits"], values["nsp_logits"] = output.prediction_logits, output.seq_relationship_logits
    elif architecture == "BertForNextSentencePrediction":
        values["logits"] = values["nsp_logits"] = output.logits
    elif hasattr(output, "logits"):
        values["logits"] = output.logits
    for name in ("cls_logits", "distillation_logits"):
        if hasattr(output, name):
            values[name] = getattr(output, name)
    if getattr(output, "pooler_output", None) is not None:
        values["pooler"] = output.pooler_output
    for name in [n for n in values if n.endswith("hook_pos_embed")]:
        values[name] = values[name].expand_as(values[name.replace("hook_pos_embed", "hook_embed")])
    check_sums(values)
    return values


def check_sums(values):
    """The stream must be the sum of what is written to it, by the recorded values alone."""
    for name in [n for n in values if n.endswith("hook_attn_out")]:
        p = name.removesuffix("hook_attn_out")
        post = values[p + "hook_resid_post"]
        if p + "hook_resid_mid" in values and p + "hook_normalized_resid_post" not in values:
            mid = values.get(p + "hook_resid_mid_cross", values[p + "hook_resid_mid"])
            probes.same(values[p + "hook_resid_pre"] + values[name], values[p + "hook_resid_mid"], p + "mid")
            probes.same(mid + values[p + "hook_mlp_out"], post, p + "post")
        elif p + "hook_normalized_resid_post" not in values:
            probes.same(values[p + "hook_resid_pre"] + values[name] + values[p + "hook_mlp_out"], post, p + "post")


def narrow(tensor):
    if not tensor.dtype.is_floating_point:
        return tensor.to(torch.int64).contiguous().clone()
    low = torch.finfo(torch.float32).min
    return tensor.clamp(min=low).to(torch.float32).contiguous().clone()


def reference(case, folder):
    model, config = open_checkpoint(folder)
    generates = case.get("inputs", "decoder") in ("decoder", "t5")
    for attempt in range(200):
        seed = zlib.crc32((case["name"] + " text").encode()) + attempt
        inputs = make_inputs(case, config, torch.Generator().manual_seed(seed))
        if not generates:
            break
        cached, uncached, lead = continue_greedily(case, model, inputs)
        # A clear winner at each step, and not one token over and over.
        if lead > 0.02 and all(len(set(row)) > 2 for row in uncached.tolist()):
            break
    else:
        raise RuntimeError(f"{case['name']}: no text with clear greedy choices; change its seed")
    values = run(case, model, inputs)
    if generates:
        values["greedy"] = uncached
        if not torch.equal(cached, uncached):
            if not case.get("uncached"):
                raise RuntimeError(f"{case['name']}: cached and uncached greedy tokens differ")
            values["greedy_cached_by_transformers"] = cached
    if not case.get("full"):
        values = {k: v for k, v in values.items() if k.split(".")[-1] in BRIEF or k.startswith("greedy")}
    spread = values["logits"].std().item() if "logits" in values else float("nan")
    return inputs, values, spread


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=["*"])
    only = parser.parse_args().only
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for case in CASES:  # the modelling modules, before they are widened
        if "config" in case:
            model_class(case["config"])
    exact.widen()
    index = []
    for case in CASES:
        name, owner = case["name"], case.get("model", case["name"])
        config = next(c["config"] for c in CASES if c["name"] == owner)
        index.append({
            "name": name, "architecture": config["model_type"], "class": config["architectures"][0], "model": f"models/{owner}",
            "inputs": f"inputs/{name}.safetensors", "expected": f"expected/{name}.safetensors", "exercises": case["what"],
        })
        if not any(fnmatch.fnmatch(name, pattern) for pattern in only):
            continue
        if owner == name:
            write_checkpoint(case, HERE / "models" / name)
        inputs, values, spread = reference(case, HERE / "models" / owner)
        for folder, content in (("inputs", inputs), ("expected", values)):
            (HERE / folder).mkdir(exist_ok=True)
            save_file({k: narrow(v) for k, v in content.items()}, HERE / folder / f"{name}.safetensors")
        size = sum(f.stat().st_size for f in [*(HERE / "models" / owner).iterdir(), HERE / "expected" / f"{name}.safetensors"])
        print(f"{name:28} {len(values):4} tensors {size // 1024:5} KiB, logits spread {spread:.2f}", flush=True)
    for entry in index:  # written by make_gguf.py, where llama.cpp has the architecture
        file = entry["model"].replace("models/", "gguf/") + ".gguf"
        if (HERE / file).exists():
            entry["gguf"] = file
    ready = [c for c in index if (HERE / c["expected"]).exists()]
    (HERE / "cases.json").write_text(json.dumps(ready, indent=2) + "\n")


if __name__ == "__main__":
    main()
