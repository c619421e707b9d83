#!/usr/bin/env python3
"""What llama.cpp's greedy decoding gives on models of real size, with the four likeliest tokens of each step.

    make_greedy.py SERVER MODEL.gguf > verification/src/test/resources/dev/cutaway/weights/MODEL.json

For MODEL.f32.json the model is first widened (llama-quantize --allow-requantize MODEL.gguf MODEL.f32.gguf F32): then llama.cpp
rounds no activations to 8 bits, and only its cache to 16. SERVER is llama-server (measured with llama-cpp-python 0.3.36's llama.cpp). Prompts are taken as they are (no template)."""
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

PROMPTS = [
    "The history of the Transformer architecture began",
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "def fibonacci(n):\n",
    "1, 1, 2, 3, 5, 8,",
    "Die Hauptstadt von Deutschland ist",
]
TOKENS = 48
PORT = 8917


def ask(path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


server, model = sys.argv[1:]
process = subprocess.Popen([server, "-m", model, "--port", str(PORT), "-c", "1024", "-t", "2", "--no-webui"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health") as answer:
                if answer.status == 200:
                    break
        except OSError:
            time.sleep(0.5)
    cases = []
    for prompt in PROMPTS:
        ids = ask("/tokenize", {"content": prompt, "add_special": True})["tokens"]
        answer = ask("/completion", {"prompt": ids, "n_predict": TOKENS, "temperature": 0, "n_probs": 4, "top_k": 1,
                                     "ignore_eos": True, "return_tokens": True, "cache_prompt": False})
        steps = []
        for step in answer["completion_probabilities"]:
            top = step["top_logprobs"]
            # the chosen token, then each of the likeliest with how far its log probability is below the first one's
            steps.append([step["id"], [[t["id"], round(top[0]["logprob"] - t["logprob"], 4)] for t in top]])
        cases.append({"prompt": prompt, "ids": ids, "steps": steps, "text": answer["content"]})
    json.dump({"model": pathlib.Path(model).name, "peer": "llama.cpp of llama-cpp-python 0.3.36", "cases": cases}, sys.stdout,
              ensure_ascii=False, separators=(",", ":"))
finally:
    process.terminate()
    process.wait()
