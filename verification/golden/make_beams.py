"""Beam search by transformers on the golden T5 and Marian checkpoints: writes beams.json.

On Marian with what its generation configurations say: padding never comes, the last token there is room for is the end, and
probabilities are counted among what is left. Random weights hardly ever predict the end token, so each case names tokens that end it: those which the search meets often.
"""
import collections
import json
import pathlib

import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, GenerationConfig

HERE = pathlib.Path(__file__).parent
SETTINGS = [  # beams, length penalty, early stopping, new tokens, how many ends
    (1, 1.0, False, 10, 1), (2, 1.0, False, 12, 1), (3, 1.0, False, 12, 1), (3, 0.0, False, 12, 2), (4, 2.0, False, 12, 1),
    (4, -1.0, False, 12, 1), (4, 1.0, True, 12, 1), (4, 0.6, True, 12, 2), (4, 1.0, "never", 12, 1), (5, 1.0, False, 9, 0),
]


def main():
    cases = []
    for name in ["t5", "t5-v1_1", "marian", "marian-plain"]:
        model = AutoModelForSeq2SeqLM.from_pretrained(HERE / "models" / name, torch_dtype=torch.float64).eval()
        model.generation_config = GenerationConfig(decoder_start_token_id=model.config.decoder_start_token_id, pad_token_id=0)
        source = load_file(HERE / "inputs" / f"{name}.safetensors")["input_ids"][:1]
        for length in [source.shape[1], 7]:
            ids = source[:, :length]
            for beams, penalty, early, new, ends in SETTINGS:
                common = dict(num_beams=beams, max_new_tokens=new, do_sample=False, length_penalty=penalty, early_stopping=early)
                rules = {}
                if name.startswith("marian"):
                    started = model.generate(ids, eos_token_id=[96], num_return_sequences=beams, **common)
                    often = collections.Counter(started[:, 1:].flatten().tolist()).most_common(1)[0][0]
                    rules = dict(bad_words_ids=[[often], [5, 6]], renormalize_logits=new != 9)
                    common |= rules
                free = model.generate(ids, eos_token_id=[96], num_return_sequences=beams, **common)
                met = collections.Counter(free[:, 2:].flatten().tolist())
                eos = [t for t, _ in met.most_common() if t not in (0,)][1 : 1 + ends] or [96]
                if name.startswith("marian") and length > 7:
                    rules["forced_eos_token_id"] = eos[0]
                    common |= rules
                out = model.generate(
                    ids, eos_token_id=eos, return_dict_in_generate=True, output_scores=True, num_return_sequences=1, **common)
                tokens = out.sequences[0, 1:].tolist()
                while len(tokens) > 1 and tokens[-1] == 0 and tokens[-2] in eos:
                    tokens.pop()
                cases.append(dict(
                    model=name, source=ids[0].tolist(), beams=beams, length_penalty=penalty, early_stopping=early,
                    max_tokens=new, ends=eos, tokens=tokens, rules=rules,
                    score=round(out.sequences_scores[0].item(), 5) if beams > 1 else None))
    text = ",\n".join(json.dumps(c) for c in cases)
    (HERE / "beams.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
