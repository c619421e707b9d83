"""Ten steps of each optimiser, as PyTorch takes them (Lion: as its paper's algorithm 2 says), for cutaway-train's OptimizersTest.

    python verification/train/make_optimizers.py verification/train/optimizers.safetensors

Made with torch 2.15.0, safetensors 0.8.0. Muon's iteration runs in bfloat16 in torch; the tensors named `muon...` are made with the same code
with that one conversion to float64 instead, those named `bf16...` by torch as it stands.
"""

import sys
from unittest import mock

import torch
from safetensors.torch import save_file
from torch.optim import _muon

STEPS = 10
KEPT = (1, 2, 10)
SHAPES = {"wide": (9, 20), "tall": (20, 9), "vector": (13,)}
DECAYED = ("wide", "tall")
CLIP = 0.5


class Lion(torch.optim.Optimizer):
    """Chen et al., arXiv 2302.06675, algorithm 2."""

    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = b1 * m + (1 - b1) * p.grad
                p.sub_(group["lr"] * (torch.sign(c) + group["weight_decay"] * p))
                m.mul_(b2).add_((1 - b2) * p.grad)


def groups(params, decay):
    return [
        dict(params=[params[n] for n in DECAYED], weight_decay=decay),
        dict(params=[p for n, p in params.items() if n not in DECAYED], weight_decay=0.0),
    ]


def muon(params, **how):
    return torch.optim.Muon([params[n] for n in DECAYED], lr=0.02, weight_decay=0.1, **how)


CASES = {
    "sgd": lambda p: torch.optim.SGD(p.values(), lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p.values(), lr=0.1, momentum=0.9),
    "adamw": lambda p: torch.optim.AdamW(groups(p, 0.01), lr=1e-2),
    "adamw_betas": lambda p: torch.optim.AdamW(groups(p, 0.1), lr=3e-2, betas=(0.8, 0.95), eps=1e-6),
    "lion": lambda p: Lion(groups(p, 0.1), 1e-2, (0.9, 0.99), 0.0),
    "muon": muon,
    "muon_rms": lambda p: muon(p, adjust_lr_fn="match_rms_adamw"),
    "muon_spectral": lambda p: muon(p, adjust_lr_fn="spectral_unclamped", nesterov=False),
    "bf16": muon,
}


def precise(grad, coefficients, steps, eps):
    """torch's function with its conversion to bfloat16 replaced."""
    to = torch.Tensor.to

    def wide(self, *args, dtype=None, **rest):
        return to(self, *args, dtype=torch.float64 if dtype is torch.bfloat16 else dtype, **rest)

    with mock.patch.object(torch.Tensor, "to", wide):
        return ZEROPOWER(grad, coefficients, steps, eps).to(dtype=torch.float32)


ZEROPOWER = _muon._zeropower_via_newtonschulz


def main(out):
    torch.manual_seed(20261122)
    start = {n: 0.5 * torch.randn(s) for n, s in SHAPES.items()}
    # Gradients of one direction and noise, as in training; some are zero.
    way = {n: torch.randn(s) for n, s in SHAPES.items()}
    gradients = {n: torch.stack([way[n] + torch.randn(s) for _ in range(STEPS)]) for n, s in SHAPES.items()}
    for g in gradients.values():
        g[:, 0] = 0
    tensors = {f"start.{n}": t for n, t in start.items()} | {f"gradient.{n}": g for n, g in gradients.items()}
    for case, make in CASES.items():
        params = {n: torch.nn.Parameter(t.clone()) for n, t in start.items()}
        with mock.patch.object(
            _muon, "_zeropower_via_newtonschulz", ZEROPOWER if case == "bf16" else precise
        ):
            optimizer = make(params)
            mine = [n for n, p in params.items() if any(p is q for g in optimizer.param_groups for q in g["params"])]
            for step in range(STEPS):
                for n in mine:
                    params[n].grad = CLIP * gradients[n][step]
                optimizer.step()
                if step + 1 in KEPT:
                    for n in mine:
                        tensors[f"{case}.{step + 1}.{n}"] = params[n].detach().clone()
    save_file(tensors, out, {"torch": torch.__version__})


if __name__ == "__main__":
    main(sys.argv[1])
