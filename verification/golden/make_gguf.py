#!/usr/bin/env python3
"""Turns golden checkpoints into GGUF files by llama.cpp's own converter: make_gguf.py --llama-cpp SOURCE [--only NAME ...].

The weights stay float32, so `expected/` holds for these files too: names of tensors and metadata, the order of query and key
rows, norms stored as 1 + w (gemma) and rope tables are llama.cpp's. The checkpoints have no tokenizer, so a byte-level one of
97 characters is written in place of the converter's search for one; tests give ids. SOURCE is a checkout of llama.cpp.
"""

import argparse
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import torch

HERE = Path(__file__).parent
NAMES = ["gpt_neox-sequential", "llama", "llama-tied-biased", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "qwen2", "qwen3",
         "gemma2-plain-scale", "gemma3_text-pattern-6", "phi3-longrope", "olmo2"]


def write_vocabulary(model):
    import gguf

    characters = [chr(c) for c in range(33, 126)]
    tokens = ["<unk>", "<s>", "</s>", *characters, "<|endoftext|>"]  # the named ones are looked up by llama.cpp for phi3
    kinds = [gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL] * len(characters) + [gguf.TokenType.CONTROL]
    writer = model.gguf_writer
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)


def convert(folder, file):
    import gguf
    from conversion import get_model_class
    from conversion.base import ModelBase, ModelType, get_model_architecture

    # The file's own fields last: the converter reads configurations through transformers, which drops some that it needs.
    hparams = ModelBase.load_hparams(folder, False) | json.loads((folder / "config.json").read_text())
    kind = get_model_class(get_model_architecture(hparams, ModelType.TEXT))
    kind.set_vocab = write_vocabulary
    with tempfile.TemporaryDirectory() as copy, torch.inference_mode():
        copy = Path(copy) / file.stem
        shutil.copytree(folder, copy)
        tokenizer = {"model": {"vocab": {str(i): i for i in range(97)}}, "added_tokens": []}  # gemma's converter looks for its length
        (copy / "tokenizer.json").write_text(json.dumps(tokenizer))
        kind(copy, gguf.LlamaFileType.ALL_F32, file, eager=True, model_name=file.stem, hparams=hparams).write()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--llama-cpp", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=NAMES)
    arguments = parser.parse_args()
    sys.path[:0] = [str(arguments.llama_cpp), str(arguments.llama_cpp / "gguf-py")]  # the converter needs the gguf of its checkout
    logging.basicConfig(level=logging.WARNING)
    (HERE / "gguf").mkdir(exist_ok=True)
    for name in arguments.only:
        file = HERE / "gguf" / f"{name}.gguf"
        file.unlink(missing_ok=True)
        convert(HERE / "models" / name, file)
        print(f"{file.name:24} {file.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
