#!/usr/bin/env python3
"""Writes encoded.safetensors: what ggml's own quantisers make of a few rows.

`source` float32 [row, 256] holds rows of several kinds (normal, heavy tails, one outlier, all positive, constant, zeros, tiny, steps);
for each format T, `T` uint8 [row, bytes] is what ggml_quantize_chunk writes without an importance matrix, which is what
llama-quantize calls. Formats whose choice rests on sums of floats may differ in a code where ggml was compiled to fused
multiply-adds; the test compares their error instead of their bytes.

    python make_encoded.py --llama-cpp SOURCE --build BUILD

needs a C compiler, llama.cpp's source and a build of it with static libraries.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
FORMATS = {"Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q2_K": 10, "Q3_K": 11, "Q4_K": 12, "Q5_K": 13, "Q6_K": 14, "IQ4_NL": 20, "MXFP4": 39}
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include "ggml.h"
int main(int argc, char ** argv) {
    int type = atoi(argv[1]), rows = atoi(argv[2]);
    float * x = malloc(rows * 256 * sizeof(float));
    char * y = malloc(rows * 256 * sizeof(float));
    if (fread(x, 4, rows * 256, stdin) != (size_t) rows * 256) return 1;
    fwrite(y, 1, ggml_quantize_chunk(type, x, y, 0, rows, 256, NULL), stdout);
    return 0;
}
"""


def rows():
    random = np.random.default_rng(17)
    normal = lambda: random.normal(0, 1, 256)
    outlier = normal() * 0.02
    outlier[77] = -3.5
    steps = np.repeat(np.arange(16) - 5, 16) * 0.25
    kinds = [normal() * 0.05, random.standard_t(2, 256), outlier, np.abs(normal()), np.full(256, 0.3), np.zeros(256),
             normal() * 1e-6, steps, normal() * np.repeat(random.uniform(0.01, 10, 8), 32), -np.abs(normal())]
    return np.stack(kinds).astype(np.float32)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--llama-cpp", type=Path, required=True)
    options.add_argument("--build", type=Path, required=True)
    given = options.parse_args()
    source = rows()
    out = {"source": torch.from_numpy(source)}
    with tempfile.TemporaryDirectory() as folder:
        code, program = Path(folder, "quantise.c"), Path(folder, "quantise")
        code.write_text(PROGRAM)
        libraries = sorted(given.build.glob("ggml/src/libggml-base.a"))
        subprocess.run(["cc", "-O2", f"-I{given.llama_cpp}/ggml/include", code, *libraries, "-lstdc++", "-lm", "-lpthread", "-fopenmp", "-o", program], check=True)
        for name, number in FORMATS.items():
            data = subprocess.run([program, str(number), str(len(source))], input=source.tobytes(), stdout=subprocess.PIPE, check=True).stdout
            out[name] = torch.from_numpy(np.frombuffer(data, np.uint8).reshape(len(source), -1).copy())
    save_file(out, HERE / "encoded.safetensors")
    print({k: list(v.shape) for k, v in out.items()})


if __name__ == "__main__":
    main()
