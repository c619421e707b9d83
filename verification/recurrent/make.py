#!/usr/bin/env python3
"""Writes model/ (a tiny checkpoint of model_type gnmt) and expected.safetensors: what torch.nn.LSTM and additive attention make of it, in float64.

    venv/bin/python make.py        # the environment of ../golden
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
VOCAB, WIDTH, SIZE, ENCODER, DECODER, SMOOTHING = 61, 12, 7, 3, 3, 0.1
CONFIG = dict(
    model_type="gnmt", vocab_size=VOCAB, d_model=WIDTH, attention_size=SIZE, encoder_layers=ENCODER, decoder_layers=DECODER,
    max_position_embeddings=64, scale_embedding=True, tie_word_embeddings=True, is_encoder_decoder=True, pad_token_id=1, eos_token_id=2,
    decoder_start_token_id=1, torch_dtype="float32",
)


def weights():
    """Every number random, biases too; float32 numbers, kept as float64."""
    r = torch.Generator().manual_seed(20161)
    w = {"model.embed_tokens.weight": (VOCAB, WIDTH)}

    def layer(name, reads, width):
        w[name + "input.weight"] = (4 * width, reads)
        w[name + "input.bias"] = (4 * width,)
        w[name + "recurrent.weight"] = (4 * width, width)

    layer("model.encoder.layers.0.ahead.", WIDTH, WIDTH // 2)
    layer("model.encoder.layers.0.back.", WIDTH, WIDTH // 2)
    for i in range(1, ENCODER):
        layer(f"model.encoder.layers.{i}.", WIDTH, WIDTH)
    for i in range(DECODER):
        layer(f"model.decoder.layers.{i}.", WIDTH if i == 0 else 2 * WIDTH, WIDTH)
    w["model.attention.query.weight"] = (SIZE, WIDTH)
    w["model.attention.query.bias"] = (SIZE,)
    w["model.attention.key.weight"] = (SIZE, WIDTH)
    w["model.attention.score.weight"] = (1, SIZE)
    return {k: (torch.randn(s, generator=r) * 0.35).double() for k, s in w.items()}


class Probes(dict):
    def __init__(self, sequence):
        super().__init__()
        self.sequence = sequence

    def keep(self, name, x):
        self[f"{self.sequence}.{name}"] = x.detach()
        return x


def lstm(w, name, x, width, backwards=False):
    """torch.nn.LSTM with our weights; the second bias is zero. x: [row, in]."""
    net = torch.nn.LSTM(x.shape[1], width, batch_first=True).double()
    names = {"weight_ih_l0": "input.weight", "weight_hh_l0": "recurrent.weight", "bias_ih_l0": "input.bias"}
    given = {k: w[name + v] for k, v in names.items()}
    given["bias_hh_l0"] = torch.zeros(4 * width, dtype=torch.float64)
    seen = x.flip(0) if backwards else x
    y, (_, cell) = torch.func.functional_call(net, given, (seen[None],))
    return (y[0].flip(0) if backwards else y[0]), cell[0, 0]


def forward(w, source, target, p):
    def embed(ids):
        # The padding token, with which the decoder begins, is not trained by being looked up.
        return torch.nn.functional.embedding(ids, w["model.embed_tokens.weight"], padding_idx=1) * WIDTH**0.5

    x = p.keep("encoder.hook_embed", embed(source))
    ahead, _ = lstm(w, "model.encoder.layers.0.ahead.", x, WIDTH // 2)
    back, _ = lstm(w, "model.encoder.layers.0.back.", x, WIDTH // 2, backwards=True)
    p.keep("encoder.blocks.0.lstm_back.hook_state", back)
    x = p.keep("encoder.blocks.0.hook_resid_post", torch.cat([ahead, back], 1))
    for i in range(1, ENCODER):
        x = p.keep(f"encoder.blocks.{i}.hook_resid_post", x + lstm(w, f"model.encoder.layers.{i}.", x, WIDTH)[0])
    memory = x
    x, cell = lstm(w, "model.decoder.layers.0.", embed(target), WIDTH)
    p.keep("decoder.blocks.0.lstm.hook_state", x)
    p.keep("last_cell", cell)
    q = x @ w["model.attention.query.weight"].T + w["model.attention.query.bias"]
    k = memory @ w["model.attention.key.weight"].T
    scores = torch.tanh(q[:, None] + k[None]) @ w["model.attention.score.weight"][0]
    pattern = torch.softmax(scores, -1)
    p.keep("decoder.blocks.0.cross_attn.hook_attn_scores", scores[None])
    p.keep("decoder.blocks.0.cross_attn.hook_pattern", pattern[None])
    context = p.keep("decoder.blocks.0.hook_context", pattern @ memory)
    for i in range(1, DECODER):
        y, _ = lstm(w, f"model.decoder.layers.{i}.", torch.cat([x, context], 1), WIDTH)
        x = p.keep(f"decoder.blocks.{i}.hook_resid_post", x + y)
    return p.keep("logits", x @ w["model.embed_tokens.weight"].T)


def main():
    w = weights()
    (HERE / "model").mkdir(exist_ok=True)
    save_file({k: v.float().contiguous() for k, v in w.items()}, HERE / "model" / "model.safetensors", {"format": "pt"})
    (HERE / "model" / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    for v in w.values():
        v.requires_grad_()
    r = torch.Generator().manual_seed(5)
    made, total, counted = {}, 0.0, 0
    for i, (m, n) in enumerate([(5, 7), (9, 4), (1, 1), (6, 11)]):
        source = torch.randint(3, VOCAB, (m,), generator=r)
        target = torch.cat([torch.tensor([1]), torch.randint(3, VOCAB, (n - 1,), generator=r)])
        labels = torch.randint(3, VOCAB, (n,), generator=r)
        labels[torch.rand((n,), generator=r) < 0.2] = -100
        p = Probes(i)
        logits = forward(w, source, target, p)
        total = total + torch.nn.functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING, reduction="sum")
        counted += int((labels >= 0).sum())
        made.update({f"{i}.source": source, f"{i}.target": target, f"{i}.labels": labels})
        made.update({k: v.float().contiguous() for k, v in p.items()})
    loss = total / counted
    loss.backward()
    made["loss"] = loss.detach().float().reshape(1)
    made.update({"grad." + k: v.grad.float().contiguous() for k, v in w.items()})
    save_file(made, HERE / "expected.safetensors", {"smoothing": str(SMOOTHING), "torch": torch.__version__})


main()
