"""Writes expected.json: what sacrebleu makes of texts that are awkward to cut, and of corpora that are made from them.

Data: data/translation/tatoeba-en-de-test.tsv.gz (several references for a source), and the lines below.
"""

import gzip
import json
import os
import random

import sacrebleu
from sacrebleu.metrics import BLEU

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")

AWKWARD = [
    "",
    " ",
    "Hello, world!",
    "It costs $3.50, or 1,000.75 - not 5-6.",
    "A.B.C. and 3.a and .5 and 5. and ,7, 8,",
    "He said &quot;no&quot; &amp;amp; left &lt;b&gt;",
    "<skipped>start mid<skipped>dle",
    "end-\nof line\nnext",
    "brackets [a](b){c} back`tick ^caret_under ~tilde| bar \\ slash / at@x #1 100% *star* a+b=c<d>e?f",
    "no\u00a0break\u2003em\u3000ideographic\u200bzero\u0085next",
    "Tr\u00e4ume \u2013 \u201eZitat\u201c \u2019s \u00ab x \u00bb \u2026",
    "emoji \U0001f600.\U0001f600,x 9\U0001f600-",
    "1-2-3 4--5 -6 7-a b-8",
    "x.\u0661,\u0662 Arabic digits",
    "tabs\tand  spaces \x1c here \x1f",
    "trailing \n\u2028",
    "don't can't 'quoted'",
    "...,,,. . ,",
]


def scored(hypotheses, references):
    """references: a list for each hypothesis; sacrebleu wants streams, None where a sentence has fewer."""
    most = max(len(r) for r in references)
    streams = [[r[i] if i < len(r) else None for r in references] for i in range(most)]
    s = BLEU().corpus_score(hypotheses, streams)
    return {
        "hypotheses": hypotheses,
        "references": references,
        "bleu": s.score,
        "precisions": list(s.precisions),
        "brevity_penalty": s.bp,
        "length": s.sys_len,
        "reference_length": s.ref_len,
    }


def corpora():
    draw = random.Random(7)
    by_source = {}
    with gzip.open(os.path.join(ROOT, "data/translation/tatoeba-en-de-test.tsv.gz"), "rt", encoding="utf-8") as f:
        for line in f:
            source, target = line.rstrip("\n").split("\t")[:2]
            by_source.setdefault(source, []).append(target)
    several = sorted(s for s in by_source if len(by_source[s]) > 2)
    pairs = [by_source[s] for s in draw.sample(several, 25)]
    out = {}
    # One of the references, some words lost, doubled or changed.
    hypotheses = []
    for refs in pairs:
        words = draw.choice(refs).split()
        kept = [w if draw.random() > 0.15 else draw.choice(["", w + " " + w, "und"]) for w in words]
        hypotheses.append(" ".join(w for w in kept if w))
    out["several references"] = scored(hypotheses, [r[1:] for r in pairs])
    out["short"] = scored([" ".join(h.split()[:-2]) for h in hypotheses], pairs)
    out["smoothed"] = scored(["ein Hund lief schnell fort"], [["der Hund lief dann nicht mehr fort"]])
    out["nothing"] = scored(["alpha beta gamma delta epsilon"], [["ein Hund"]])
    out["too few words"] = scored(["ein Hund"], [["ein Hund", "der Hund"]])
    out["empty"] = scored(["", "a b c d e"], [["etwas"], ["a b c d e"]])
    out["ties"] = scored(["a b c d"], [["a b c d e", "a b c", "x y z"]])
    out["awkward"] = scored(AWKWARD, [[AWKWARD[(i + 1) % len(AWKWARD)], a[: len(a) - 1]] for i, a in enumerate(AWKWARD)])
    return out


def main():
    tokenize = BLEU().tokenizer
    result = {
        "made_by": "sacrebleu " + sacrebleu.__version__,
        "words": [{"text": t, "words": tokenize(t.rstrip()).split()} for t in AWKWARD],
        "corpora": corpora(),
    }
    with open(os.path.join(HERE, "expected.json"), "w", encoding="utf-8") as f:
        json.dump(result, f, ensure_ascii=True, indent=1)
        f.write("\n")


main()
