#!/usr/bin/env python3
"""Lets llama.cpp continue each case that has a GGUF file and compares with its greedy tokens: check_gguf.py --llama-server PROGRAM."""

import argparse
import json
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from safetensors.torch import load_file

HERE = Path(__file__).parent


def ask(port, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def continue_in_llama_cpp(program, file, prompts, count):
    port = free_port()
    command = [program, "-m", str(file), "--port", str(port), "-t", "1", "-fa", "off", "--no-warmup", "-ctk", "f32", "-ctv", "f32", "-c", "512"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if server.poll() is not None:
                return None
            try:
                ask(port, "/health")
                break
            except OSError:
                time.sleep(0.1)
        body = {"n_predict": count, "temperature": 0, "return_tokens": True, "ignore_eos": False, "cache_prompt": False,
                "logit_bias": [], "samplers": ["temperature"]}
        return [ask(port, "/completion", body | {"prompt": p})["tokens"] for p in prompts]
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama-server", required=True)
    program = parser.parse_args().llama_server
    for case in json.loads((HERE / "cases.json").read_text()):
        if "gguf" not in case:
            continue
        prompts = load_file(HERE / case["inputs"])["input_ids"].tolist()
        greedy = load_file(HERE / case["expected"])["greedy"].tolist()
        made = continue_in_llama_cpp(program, HERE / case["gguf"], prompts, len(greedy[0]))
        if made is None:
            print(f"{case['name']:28} llama.cpp refuses the file")
            continue
        same = all(m == g[: len(m)] for m, g in zip(made, greedy))  # it stops at its end token
        print(f"{case['name']:28} {'same' if same else 'different'} {[len(m) for m in made]} {'' if same else (made, greedy)}", flush=True)


if __name__ == "__main__":
    main()
