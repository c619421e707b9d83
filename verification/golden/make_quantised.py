#!/usr/bin/env python3
"""Writes quantised.safetensors: blocks of GGUF's formats and their values by the reference of gguf-py.

For each format T: `T.blocks` uint8 [block, bytes], every bit random except scales, which are ordinary numbers, and `T.values`
float32 [block, elements], exact. For the formats that gguf-py can write also `T.source` float32 and `T.written` uint8, which it
makes of the source.
"""

from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from safetensors.torch import save_file

HERE = Path(__file__).parent
HALF_SCALES = {  # byte offsets of float16 scales in a block
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2],
    "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
}
BLOCKS = 6


def blocks(kind, random):
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for at in HALF_SCALES.get(kind.name, []):
        scales = random.normal(0, 0.1, BLOCKS).astype("<f2")
        scales[0] = 0
        data[:, at : at + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
    if kind is Kind.MXFP4:
        data[:, 0] = [0, 1, 2, 120, 127, 130]  # exponents; the first two are the ones easily got wrong
    return data


def main():
    random, out = np.random.default_rng(5), {}
    for name in (*HALF_SCALES, "MXFP4"):
        kind = Kind[name]
        data = blocks(kind, random)
        out[f"{name}.blocks"] = data
        out[f"{name}.values"] = gguf.quants.dequantize(data, kind).astype(np.float32)
        source = random.normal(0, 1, (BLOCKS, gguf.GGML_QUANT_SIZES[kind][0])).astype(np.float32)
        source[0], source[1, 3:9] = 0, 0
        try:
            out[f"{name}.written"] = gguf.quants.quantize(source, kind)
            out[f"{name}.source"] = source
        except NotImplementedError:
            pass
    for name, values in out.items():
        if values.dtype == np.float32 and not np.isfinite(values).all():
            raise RuntimeError(f"{name} is not finite")
    save_file({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in out.items()}, HERE / "quantised.safetensors")
    print({k: list(v.shape) for k, v in out.items()})


if __name__ == "__main__":
    main()
