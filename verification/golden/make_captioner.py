#!/usr/bin/env python3
"""Makes the golden case of `captioner`, which transformers does not have: the model once more in plain torch, in float64; see README.md.

Written from the description alone: an image's patches and then words are rows of one causal pre-norm decoder; a row is its projected
patch or its word's embedding, plus the vector of its modality, plus that of its position.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).parent
NAME = "captioner"
CONFIG = dict(
    architectures=["CaptionerForCausalLM"], model_type="captioner", vocab_size=97, hidden_size=20, num_hidden_layers=3, num_attention_heads=5,
    intermediate_size=37, hidden_act="gelu", max_position_embeddings=40, image_size=[12, 15], patch_size=[4, 5], num_channels=3,
    layer_norm_eps=2e-2, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, torch_dtype="float32",
)
LATER, NEW = ("layers.1", "layers.2"), 12


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, keep, p):
        rows = x.shape[1]
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)) for f in (self.query, self.key, self.value))
        keep(p + "hook_q", q), keep(p + "hook_k", k), keep(p + "hook_v", v)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
        later = torch.ones(rows, rows, dtype=torch.bool).triu(1)
        pattern = scores.masked_fill(later, -math.inf).softmax(-1)
        z = torch.einsum("bhqk,bkhd->bqhd", pattern, v)
        keep(p + "hook_pattern", pattern), keep(p + "hook_z", z)
        return self.output(z.flatten(2))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, keep, p):
        pre = self.up(x)
        post = F.gelu(pre)
        keep(p + "mlp.hook_pre", pre), keep(p + "mlp.hook_post", post)
        return self.down(post)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(c["hidden_size"], eps=c["layer_norm_eps"]) for _ in range(2))
        self.attention = Attention(c["hidden_size"], c["num_attention_heads"])
        self.mlp = Mlp(c["hidden_size"], c["intermediate_size"])

    def forward(self, x, keep, p):
        keep(p + "hook_resid_pre", x)
        attn = self.attention(self.norm1(x), keep, p + "attn.")
        mid = x + attn
        mlp = self.mlp(self.norm2(mid), keep, p)
        keep(p + "hook_attn_out", attn), keep(p + "hook_resid_mid", mid), keep(p + "hook_mlp_out", mlp)
        post = mid + mlp
        keep(p + "hook_resid_post", post)
        return post


class Captioner(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["hidden_size"]
        self.patches = nn.Conv2d(c["num_channels"], width, c["patch_size"], stride=c["patch_size"])
        self.words = nn.Embedding(c["vocab_size"], width)
        self.positions = nn.Embedding(c["max_position_embeddings"], width)
        self.modalities = nn.ParameterDict({"image": torch.zeros(width), "text": torch.zeros(width)})
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = nn.LayerNorm(width, eps=c["layer_norm_eps"])

    def forward(self, pixels, ids, keep=lambda *_: None):
        image = self.patches(pixels).flatten(2).transpose(1, 2) + self.modalities["image"]
        text = self.words(ids) + self.modalities["text"]
        embed = torch.cat((image, text), 1)
        position = self.positions(torch.arange(embed.shape[1])).expand_as(embed)
        keep("hook_embed", embed), keep("hook_pos_embed", position)
        x = embed + position
        for i, layer in enumerate(self.layers):
            x = layer(x, keep, f"blocks.{i}.")
        logits = self.norm(x) @ self.words.weight.T
        keep("logits", logits)
        return logits


def make():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(33)
    model = Captioner(CONFIG)
    with torch.no_grad():
        for name, p in model.named_parameters():
            inner = p[0].numel() if p.dim() > 1 and "words" not in name and "positions" not in name else 4
            around = 1 if "norm" in name and name.endswith("weight") else 0
            noise = torch.randn(p.shape, generator=g)
            p.copy_((around + (0.3 if p.dim() == 1 else 1.5 / math.sqrt(inner)) * noise).to(torch.float32))
    folder = HERE / "models" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    state = {"captioner." + k: v.to(torch.float32).contiguous() for k, v in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")

    pixels = torch.randn(2, 3, *CONFIG["image_size"], generator=g).to(torch.float32).to(torch.float64)
    ids = torch.randint(3, 96, (2, 8), generator=g)
    save_file({"input_ids": ids, "pixel_values": pixels.to(torch.float32)}, HERE / "inputs" / f"{NAME}.safetensors")

    kept = {}
    with torch.no_grad():
        logits = model(pixels, ids, lambda k, v: kept.__setitem__(k, v.to(torch.float32).contiguous()))
        text, lead = ids, math.inf
        for _ in range(NEW):
            top = model(pixels, text)[:, -1].topk(2, -1)
            lead = min(lead, (top.values[:, 0] - top.values[:, 1]).min().item())
            text = torch.cat((text, top.indices[:, :1]), 1)
    assert lead > 0.02, lead
    save_file(kept | {"greedy": text[:, ids.shape[1] :].contiguous()}, HERE / "expected" / f"{NAME}.safetensors")

    inside = {}

    def watch(name, value):
        value.retain_grad()
        inside[name] = value

    logits = model(pixels, ids, watch)
    labels = torch.full(logits.shape[:2], -100)
    labels[:, -ids.shape[1] : -1] = ids[:, 1:]  # words only; the last has none after it
    loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    loss.backward()
    made = {"labels": labels, "loss": loss.detach().reshape(1)}
    for name, p in model.named_parameters():
        brief = any(f"{part}." in name for part in LATER)
        made["weight.captioner." + name] = torch.stack((p.grad.sum(), p.grad.norm())) if brief else p.grad
    for name in ("hook_embed", "blocks.0.hook_resid_pre", "blocks.0.attn.hook_q", "blocks.0.attn.hook_pattern", "blocks.0.hook_resid_post"):
        made["grad." + name] = inside[name].grad
    made = {k: v if v.dtype == torch.int64 else v.to(torch.float32).contiguous() for k, v in made.items()}
    save_file(made, HERE / "gradients" / f"{NAME}.safetensors", metadata={"smoothing": "0"})
    print(f"{NAME}: loss {loss.item():.4f}, winners lead by {lead:.3f}")


if __name__ == "__main__":
    make()
