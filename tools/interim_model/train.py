#!/usr/bin/env python3
"""Trains the interim embedded decoder: a byte-level BPE tokenizer and a small llama on public-domain prose.

    train.py --data DIR --out DIR [--minutes 75]

DIR of --data holds `prose-train.txt.gz` and `prose-valid.txt.gz`: documents (a title line, paragraphs, blank lines
between), each ended by a line `<|endoftext|>`. The output is a Hugging Face directory that `transformers` opens; the
same folder takes `train-log.jsonl` and `training.json` (what was trained, on what, for how long), which
`to_gguf.py` copies into the manifest of the embedded model.

The budget is wall time, not steps: learning rates follow the clock, so the schedule ends when the time does, however busy the machine
is. What is saved is an exponential moving average of the weights, so every checkpoint is usable before the schedule ends.

The matrices of the blocks are trained by Muon (Keller Jordan, https://kellerjordan.github.io/posts/muon/), embedding and norms by
AdamW. Everything is float32 on the CPU; one thread by default. A run on another machine sees another number of steps, so
it is repeatable in kind and not bit for bit.
"""

import argparse
import gzip
import hashlib
import json
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

END = "<|endoftext|>"
VOCABULARY = 4096
WIDTH, LAYERS, HEADS, KV_HEADS, HIDDEN, CONTEXT = 288, 6, 6, 3, 768, 512
HEAD = WIDTH // HEADS
EPS, THETA = 1e-5, 10000.0


# ---- tokenizer and data -----------------------------------------------------------------------------------------


def read_documents(path):
    with gzip.open(path, "rt", encoding="utf-8") as f:
        text = f.read()
    return [d.strip("\n") for d in text.split("\n" + END + "\n") if d.strip()]


def train_tokenizer(documents):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END} $A", pair=f"{END} $A {END} $B", special_tokens=[(END, 0)]
    )
    return tokenizer


def encode(tokenizer, documents):
    """One int array a document, each beginning with the separator."""
    return [np.array(e.ids, dtype=np.int64) for e in tokenizer.encode_batch(documents)]


class Windows:
    """Endless windows of length + 1 tokens over the documents, shuffled anew each epoch."""

    def __init__(self, documents, seed):
        self.documents, self.random = documents, random.Random(seed)
        self.stream, self.at, self.epochs = np.zeros(0, dtype=np.int64), 0, -1

    def batch(self, size, length):
        need = size * length + 1
        if self.at + need > len(self.stream):
            order = list(range(len(self.documents)))
            self.random.shuffle(order)
            self.stream = np.concatenate([self.stream[self.at :]] + [self.documents[i] for i in order])
            self.at, self.epochs = 0, self.epochs + 1
        piece = torch.from_numpy(self.stream[self.at : self.at + need])
        self.at += size * length
        return piece[:-1].view(size, length), piece[1:].view(size, length)


# ---- model ------------------------------------------------------------------------------------------------------


def normalise(x, gain):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * gain


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()

        def matrix(out, inner, std=0.02):
            return torch.nn.Parameter(torch.randn(out, inner) * std)

        deep = 0.02 / math.sqrt(2 * LAYERS)
        self.ln1, self.ln2 = (torch.nn.Parameter(torch.ones(WIDTH)) for _ in range(2))
        self.q, self.k, self.v = matrix(HEADS * HEAD, WIDTH), matrix(KV_HEADS * HEAD, WIDTH), matrix(KV_HEADS * HEAD, WIDTH)
        self.o = matrix(WIDTH, HEADS * HEAD, deep)
        self.gate, self.up, self.down = matrix(HIDDEN, WIDTH), matrix(HIDDEN, WIDTH), matrix(WIDTH, HIDDEN, deep)

    def forward(self, x, cos, sin):  # [batch, position, width]
        b, t, _ = x.shape
        h = normalise(x, self.ln1)

        def split(w, heads):
            return F.linear(h, w).view(b, t, heads, HEAD).transpose(1, 2)

        def rotate(y):
            first, second = y.chunk(2, -1)
            return y * cos + torch.cat((-second, first), -1) * sin

        q, k, v = rotate(split(self.q, HEADS)), rotate(split(self.k, KV_HEADS)), split(self.v, KV_HEADS)
        k, v = (y.repeat_interleave(HEADS // KV_HEADS, 1) for y in (k, v))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + F.linear(z.transpose(1, 2).reshape(b, t, WIDTH), self.o)
        h = normalise(x, self.ln2)
        return x + F.linear(F.silu(F.linear(h, self.gate)) * F.linear(h, self.up), self.down)


class Decoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Parameter(torch.randn(VOCABULARY, WIDTH) * 0.02)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = torch.nn.Parameter(torch.ones(WIDTH))
        inverse = THETA ** (-torch.arange(0, HEAD, 2, dtype=torch.float64) / HEAD)
        angles = torch.outer(torch.arange(CONTEXT, dtype=torch.float64), inverse).repeat(1, 2)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def forward(self, ids, targets):
        x = F.embedding(ids, self.embed)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin)
        logits = F.linear(normalise(x, self.norm), self.embed)
        return F.cross_entropy(logits.view(-1, VOCABULARY), targets.reshape(-1))


def hugging_face_names(state):
    names = {
        "ln1": "input_layernorm", "ln2": "post_attention_layernorm",
        "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
        "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
    }
    out = {"model.embed_tokens.weight": state["embed"], "model.norm.weight": state["norm"]}
    for key, value in state.items():
        if key.startswith("blocks."):
            _, layer, part = key.split(".")
            out[f"model.layers.{layer}.{names[part]}.weight"] = value
    return {k: v.contiguous().clone() for k, v in out.items()}


# ---- optimiser --------------------------------------------------------------------------------------------------


def orthogonalise(g, steps=4):
    """Newton-Schulz towards the nearest orthogonal matrix, for a stack of matrices [n, rows, columns]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[1] > g.shape[2]
    x = g.transpose(1, 2) if tall else g
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.transpose(1, 2)
        x = a * x + (b * s + c * s @ s) @ x
    return x.transpose(1, 2) if tall else x


class Muon:
    """Muon with Nesterov momentum over parameters grouped by shape."""

    def __init__(self, parameters, weight_decay):
        self.groups, self.weight_decay = {}, weight_decay
        for p in parameters:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.momenta = {s: torch.zeros(len(ps), *s) for s, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, lr, momentum):
        for shape, parameters in self.groups.items():
            grads = torch.stack([p.grad for p in parameters])
            m = self.momenta[shape].lerp_(grads, 1 - momentum)
            update = orthogonalise(grads.lerp(m, momentum))
            scale = max(1.0, shape[0] / shape[1]) ** 0.5
            for p, u in zip(parameters, update):
                p.mul_(1 - lr * self.weight_decay).add_(u, alpha=-lr * scale)


# ---- run --------------------------------------------------------------------------------------------------------


def multiplier(fraction):
    """Of the peak learning rate: short warm-up, then a cosine to 2 %; both over the share of the time that is gone."""
    warm = 0.02
    if fraction < warm:
        return max(0.05, fraction / warm)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (fraction - warm) / (1 - warm)))


@torch.no_grad()
def mean_loss(model, documents, windows=None, length=256):
    stream = np.concatenate(documents)
    count = (len(stream) - 1) // length
    chosen = range(count) if windows is None else range(0, count, max(1, count // windows))
    total = 0.0
    for i in chosen:
        piece = torch.from_numpy(stream[i * length : (i + 1) * length + 1])[None]
        total += model(piece[:, :-1], piece[:, 1:]).item()
    return total / len(chosen)


def save(out, averaged, tokenizer, record):
    """Writes to a sibling folder first, so that a reader never sees half a checkpoint."""
    fresh = out / "fresh"
    fresh.mkdir(exist_ok=True)
    save_file(hugging_face_names(averaged), fresh / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float32",
        "vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "head_dim": HEAD, "intermediate_size": HIDDEN, "hidden_act": "silu",
        "max_position_embeddings": CONTEXT, "rms_norm_eps": EPS, "rope_theta": THETA, "rope_scaling": None,
        "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True,
        "bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.02, "use_cache": True,
    }
    generation = {"bos_token_id": 0, "eos_token_id": 0, "do_sample": True, "temperature": 0.7, "top_p": 0.9}
    wrapper = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END, "unk_token": END,
        "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False, "add_bos_token": True,
    }
    files = {"config": config, "generation_config": generation, "tokenizer_config": wrapper, "training": record}
    for name, content in files.items():
        (fresh / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    tokenizer.save(str(fresh / "tokenizer.json"))
    for file in fresh.iterdir():
        os.replace(file, out / file.name)
    fresh.rmdir()


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8, help="windows of 256 tokens a step")
    parser.add_argument("--lr", type=float, default=0.02, help="peak of Muon")
    parser.add_argument("--adam-lr", type=float, default=4e-3, help="peak of AdamW for embedding and norms")
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--no-compile", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)

    train_file, valid_file = (arguments.data / f"prose-{part}.txt.gz" for part in ("train", "valid"))
    train_text, valid_text = read_documents(train_file), read_documents(valid_file)
    tokenizer = train_tokenizer(train_text)
    train, valid = encode(tokenizer, train_text), encode(tokenizer, valid_text)
    valid_bytes = sum(len(d.encode()) for d in valid_text)
    valid_tokens = sum(len(d) for d in valid) - 1
    print(f"{sum(map(len, train)):,} training tokens, {valid_tokens:,} for validation", flush=True)

    model = Decoder()
    parameters = sum(p.numel() for p in model.parameters())
    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and name != "embed"]
    rest = [p for name, p in model.named_parameters() if p.dim() != 2 or name == "embed"]
    muon = Muon(matrices, arguments.weight_decay)
    adam = torch.optim.AdamW(rest, lr=arguments.adam_lr, betas=(0.9, 0.97), eps=1e-9, weight_decay=0.0)
    averaged = {k: v.clone() for k, v in model.state_dict().items()}
    names = dict(model.named_parameters())
    forward = model if arguments.no_compile else torch.compile(model, dynamic=False)
    windows = Windows(train, arguments.seed)

    log = open(arguments.out / "train-log.jsonl", "w")
    begin, step, tokens, running, last_report, last_save = time.time(), 0, 0, None, 0.0, time.time()

    def average_loss(count):
        kept = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(averaged)
        loss = mean_loss(model, valid, count)
        model.load_state_dict(kept)
        return loss

    def record(loss):
        return {
            "trained_by": "tools/interim_model/train.py", "parameters": parameters, "seed": arguments.seed, "steps": step,
            "tokens_seen": tokens, "epochs": round(tokens / sum(map(len, train)), 2),
            "hours": round((time.time() - begin) / 3600, 3), "threads": arguments.threads,
            "optimiser": f"Muon {arguments.lr:g} for matrices, AdamW {arguments.adam_lr:g} for embedding and norms, cosine over the time",
            "data": {"prose-train.txt.gz": sha256(train_file), "prose-valid.txt.gz": sha256(valid_file)},
            "valid_loss": round(loss, 4),
            "valid_bits_per_byte": round(loss * valid_tokens / valid_bytes / math.log(2), 4),
        }

    while (fraction := (time.time() - begin) / (60 * arguments.minutes)) < 1:
        # The last fifth sees windows of the whole context, so that positions above 256 are not strangers.
        long = fraction > 0.8
        ids, targets = windows.batch(arguments.batch // 2, 512) if long else windows.batch(arguments.batch, 256)
        loss = forward(ids, targets)
        loss.backward()
        m = multiplier(fraction)
        for group in adam.param_groups:
            group["lr"] = arguments.adam_lr * m
        adam.step()
        muon.step(arguments.lr * m, 0.85 + 0.10 * min(1, step / 300))
        model.zero_grad(set_to_none=True)
        step, tokens = step + 1, tokens + ids.numel()
        decay = min(0.99, step / (step + 10))
        with torch.no_grad():
            for name, p in names.items():
                averaged[name].lerp_(p, 1 - decay)
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        now = time.time()
        if now - last_report > 60 or step in (1, 10, 30):
            line = {"step": step, "minutes": round((now - begin) / 60, 1), "loss": round(running, 4),
                    "tokens_per_s": round(tokens / (now - begin)), "lr": round(arguments.lr * m, 5), "epoch": windows.epochs}
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
            last_report = now
        if now - last_save > 8 * 60:
            valid_loss = average_loss(60)
            print(f"valid {valid_loss:.4f} (60 windows)", flush=True)
            save(arguments.out, averaged, tokenizer, record(valid_loss))
            last_save = time.time()
    final = average_loss(None)
    save(arguments.out, averaged, tokenizer, record(final))
    print(json.dumps(record(final), indent=1))


if __name__ == "__main__":
    main()
