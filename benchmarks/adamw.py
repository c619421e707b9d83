"""PyTorch's AdamW on as many weights as GPT-2 small has, beside UpdateReport.

    python benchmarks/adamw.py [THREADS]
"""

import sys
import time

import torch

WEIGHTS = 124_439_808


def best(what, nbytes, work, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    times = times[1:]  # the first makes the state
    print(f"{what:16} {min(times):6.3f} s ({max(times):5.3f})  {nbytes * WEIGHTS / min(times) / 1e9:5.1f} GB/s")


torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
weight = torch.nn.Parameter(0.02 * torch.randn(WEIGHTS))
weight.grad = 1e-3 * torch.randn(WEIGHTS)
for how in ("fused", "foreach"):
    best("AdamW, " + how, 28, torch.optim.AdamW([weight], lr=1e-4, **{how: True}).step, 6)
best("SGD, momentum", 20, torch.optim.SGD([weight], lr=1e-4, momentum=0.9, fused=True).step, 6)
best("norm", 4, lambda: torch.linalg.vector_norm(weight.grad), 6)
