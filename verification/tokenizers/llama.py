"""What llama.cpp makes of the strings: the expected values of GgufGoldenTest.

    python llama.py OUT BIN MODELS     (gguf 0.19.0; BIN has llama-server and llama-tokenize of llama.cpp; MODELS the GGUF files)

For real models llama-server is asked; OUT gets llama-NAME.vectors.gz, a line for each string: ids with special tokens added and recognised,
ids with special tokens added but text left text. For each name of tokenizer.ggml.pre a file with only a vocabulary (the one of bpe-gpt2.json)
is made and llama-tokenize asked; OUT gets llama-pre.json.gz: {name: [[ids of a string] ...]}.
"""

import gzip
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import gguf

from make_common import packed

OUT, BIN, MODELS = map(Path, sys.argv[1:4])
STRINGS = json.loads(gzip.open(OUT / "strings.json.gz").read().decode("utf-8"))
PORT = 18437
REAL = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m-Q4_K_M.gguf"}
PRE = """default gpt-2 llama-bpe qwen2 qwen35 smollm olmo dbrx deepseek-llm deepseek-coder deepseek-v3 falcon starcoder refact command-r mpt stablelm2
tekken gpt-4o llama4 bloom viking chameleon superbpe bailingmoe seed-coder exaone-moe minicpm5 kimi-k2 glm4 chatglm-bpe tiny_aya spark2_5 jais-2
afmoe laguna ufakzeka youtu""".split()


def real(name: str, file: str) -> None:
    server = subprocess.Popen([BIN / "llama-server", "-m", MODELS / file, "-c", "128", "--port", str(PORT), "-t", "1", "--no-warmup"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health")
                break
            except OSError:
                time.sleep(0.5)
        lines = []
        for text in STRINGS[:700]:
            ids = []
            for parse in (True, False):
                body = json.dumps({"content": text, "add_special": True, "parse_special": parse}).encode()
                with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{PORT}/tokenize", body, {"Content-Type": "application/json"})) as r:
                    ids.append(json.load(r)["tokens"])
            lines.append(ids if ids[0] != ids[1] else ids[:1])
        packed(OUT / f"llama-{name}.vectors.gz", "\n".join(json.dumps(x, separators=(",", ":")) for x in lines) + "\n")
        print(name, len(lines), flush=True)
    finally:
        server.terminate()
        server.wait()


def pre_tokenizers() -> None:
    model = json.loads(gzip.open(OUT / "bpe-gpt2.json.gz").read())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in PRE:
            path = Path(folder) / "vocab.gguf"
            writer = gguf.GGUFWriter(path, "llama")
            writer.add_tokenizer_model("gpt2")
            writer.add_tokenizer_pre(name)
            writer.add_token_list(tokens)
            writer.add_token_types([3] + [1] * (len(tokens) - 1))
            writer.add_token_merges(merges)
            writer.add_bos_token_id(0)
            writer.add_eos_token_id(0)
            writer.add_add_bos_token(False)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            out[name] = []
            for text in STRINGS[25:230:2]:
                text_file = Path(folder) / "text"
                text_file.write_text(text, encoding="utf-8", newline="")
                done = subprocess.run([BIN / "llama-tokenize", "-m", path, "-f", text_file, "--ids", "--no-bos", "--no-escape", "--log-disable"],
                                      capture_output=True, check=False)
                out[name].append(json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip().startswith(b"[") else None)
            print(name, sum(x is None for x in out[name]), "without answer", flush=True)
    packed(OUT / "llama-pre.json.gz", json.dumps(out, separators=(",", ":")))


if __name__ == "__main__":
    pre_tokenizers()
    for name, file in REAL.items():
        real(name, file)
