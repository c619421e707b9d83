#!/usr/bin/env python3
"""Writes sampling.json: what transformers' processors leave of a few logit vectors, one stage alone and several after each other.

Each case: `logits` (exact in float32), `previous` ids (for the repetition penalty), `stages` in the order applied, and after all
of them the ids that are `kept` (descending probability) and their `probabilities`; every other id has probability 0. Computed
in float64; thresholds lie at least 1e-4 (relative) from where another id would be kept, so float32 gives the same sets.
"""

import json
from pathlib import Path

import torch
from transformers.generation import logits_process as p

HERE = Path(__file__).parent
STAGES = {
    "temperature": p.TemperatureLogitsWarper,
    "top_k": p.TopKLogitsWarper,
    "top_p": p.TopPLogitsWarper,
    "min_p": p.MinPLogitsWarper,
    "typical": p.TypicalLogitsWarper,
    "repeat_penalty": p.RepetitionPenaltyLogitsProcessor,
    "logit_bias": lambda bias: p.SequenceBiasLogitsProcessor([[[int(i)], b] for i, b in bias.items()]),
}
CHAINS = [
    [("temperature", 0.7)], [("temperature", 2.0)],
    [("top_k", 1)], [("top_k", 5)], [("top_k", 1000)],
    [("top_p", 0.1)], [("top_p", 0.5)], [("top_p", 0.95)],
    [("min_p", 0.05)], [("min_p", 0.3)],
    [("typical", 0.2)], [("typical", 0.6)], [("typical", 0.95)],
    [("repeat_penalty", 1.3)], [("repeat_penalty", 0.8)],
    [("logit_bias", {"3": 2.5, "7": -4.0})],
    [("temperature", 0.8), ("top_k", 12), ("top_p", 0.9)],
    [("temperature", 1.4), ("top_p", 0.8), ("min_p", 0.1)],
    [("repeat_penalty", 1.2), ("logit_bias", {"0": 1.5}), ("temperature", 0.9), ("top_k", 20), ("top_p", 0.95), ("min_p", 0.02),
     ("typical", 0.9)],
]


def apply(chain, logits, previous, nudge=1.0):
    scores = logits.clone()
    for name, value in chain:
        if nudge != 1 and name in ("top_p", "min_p", "typical"):
            value = min(value * nudge, 0.9999)
        scores = STAGES[name](value)(previous, scores)
    return scores.softmax(-1)[0]


def steady(chain, logits, previous):
    kept = apply(chain, logits, previous) > 0
    return all(torch.equal(kept, apply(chain, logits, previous, n) > 0) for n in (1 - 1e-4, 1 + 1e-4))


def vectors():
    """Peaked, plain, flat, and one with a heavy head that typical sampling drops."""
    generator = torch.Generator().manual_seed(11)
    for size, scale, shift in ((50, 3.0, 0.0), (37, 1.0, -2.0), (64, 0.3, 5.0)):
        yield torch.randn(1, size, generator=generator, dtype=torch.float64) * scale + shift
    heavy = torch.randn(1, 40, generator=generator, dtype=torch.float64) * 0.5
    heavy[0, 17] += 3.5
    yield heavy


def main():
    cases = []
    for logits in vectors():
        logits = logits.float().double()
        previous = torch.tensor([[1, 3, 3, 8, 17, int(logits.argmax())]])
        for chain in CHAINS:
            if not steady(chain, logits, previous):
                print("left out, too near a threshold:", chain)
                continue
            probabilities = apply(chain, logits, previous)
            order = [i for i in probabilities.argsort(descending=True).tolist() if probabilities[i] > 0]
            cases.append({
                "stages": [{name: value} for name, value in chain], "logits": [float(f"{v:.9g}") for v in logits[0].tolist()],
                "previous": previous[0].tolist(), "kept": order, "probabilities": [probabilities[i].item() for i in order],
            })
    lines = ",\n".join(json.dumps(c) for c in cases)
    (HERE / "sampling.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
