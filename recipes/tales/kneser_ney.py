#!/usr/bin/env python3
"""A 5-gram model with modified Kneser-Ney smoothing (Chen and Goodman 1998, section 3) over the same tokens as a trained decoder: what a
Transformer has to beat.

    recipes/tales/kneser_ney.py RUN [--order 5]

RUN is the run's directory: its tokenizer makes the tokens of data/text/prose-train.txt.gz and prose-valid.txt.gz. Prints the mean loss in nats
per token, perplexity and bits per byte of the held-out text, documents packed as the recipe packs them, so that the loss is to be compared with the run's. Checks first that probabilities of some contexts
sum to 1."""
import argparse
import gzip
import json
import math
import os
import pathlib
import random
import subprocess
from collections import Counter, defaultdict

root = pathlib.Path(__file__).resolve().parent.parent.parent
command = os.environ.get("CUTAWAY_COMMAND", str(root / "cutaway")).split()
BEGIN = -1


def tokens(run, name):
    """The documents of a file as the recipe packs them: <|endoftext|> (0) before and behind each."""
    text = gzip.decompress((root / "data/text" / name).read_bytes()).decode()
    documents = [d.strip("\n") for d in ("\n" + text).split("\n<|endoftext|>\n")]
    documents = [d for d in documents if d]
    lines = "".join(json.dumps(d) + "\n" for d in documents)
    out = subprocess.run([*command, "tokenize", run, "--no-special", "--jsonl"], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    ids = []
    for line in out.stdout.decode().splitlines():
        ids += [0] + json.loads(line if line.startswith("[") else f"[{line.replace(' ', ',')}]") + [0]
    return ids, sum(len(d.encode()) for d in documents)


class KneserNey:
    def __init__(self, ids, order, vocabulary):
        self.order, self.vocabulary = order, vocabulary
        counts = [Counter() for _ in range(order + 1)]  # by length
        padded = [BEGIN] * (order - 1) + ids
        for i in range(order - 1, len(padded)):
            counts[order][tuple(padded[i - order + 1:i + 1])] += 1
        for n in range(order - 1, 0, -1):  # how many different words stand before
            for gram in counts[n + 1]:
                counts[n][gram[1:]] += 1
        self.counts = counts
        self.discounts, self.totals, self.left = [None], [None], [None]
        for n in range(1, order + 1):
            seen = Counter(c for c in counts[n].values() if c <= 4)
            y = seen[1] / (seen[1] + 2 * seen[2])
            self.discounts.append([0] + [k - (k + 1) * y * seen[k + 1] / seen[k] for k in (1, 2, 3)])
            totals, left = defaultdict(int), defaultdict(float)
            for gram, c in counts[n].items():
                totals[gram[:-1]] += c
                left[gram[:-1]] += self.discounts[n][min(c, 3)]
            self.totals.append(totals)
            self.left.append(left)

    def probability(self, context, word):
        p = 1 / self.vocabulary
        for n in range(1, self.order + 1):
            before = tuple(context[len(context) - n + 1:]) if n > 1 else ()
            total = self.totals[n].get(before, 0)
            if total == 0:
                break
            c = self.counts[n].get(before + (word,), 0)
            p = (max(0, c - self.discounts[n][min(c, 3)]) + self.left[n][before] * p) / total
        return p


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("run")
    a.add_argument("--order", type=int, default=5)
    a.add_argument("--vocabulary", type=int, default=4096)
    a = a.parse_args()
    train, _ = tokens(a.run, "prose-train.txt.gz")
    valid, size = tokens(a.run, "prose-valid.txt.gz")
    model = KneserNey(train, a.order, a.vocabulary)
    padded = [BEGIN] * (a.order - 1) + valid
    for _ in range(3):
        i = random.Random(1).randrange(a.order, len(padded))
        total = sum(model.probability(padded[i - a.order + 1:i], w) for w in range(a.vocabulary))
        assert abs(total - 1) < 1e-6, total
    loss = 0.0
    for i in range(a.order - 1, len(padded)):
        loss -= math.log(model.probability(padded[i - a.order + 1:i], padded[i]))
    print(f"{a.order}-gram Kneser-Ney: {len(train)} tokens read; {len(valid)} held out, loss {loss / len(valid):.4f}, "
          f"perplexity {math.exp(loss / len(valid)):.1f}, {loss / math.log(2) / size:.4f} bits per byte")


main()
