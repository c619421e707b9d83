"""Trains tokenizers with Hugging Face's trainers and writes what TrainedGoldenTest compares with.

    python make_trained.py DATA OUT        (tokenizers 0.23.3; DATA holds text/; OUT has strings.json.gz of make.py)

The text is the sentences of DATA/text/tales-sentences-valid.txt.gz (copied to OUT; the last 100 are held out) and those of the
first 1,000 of make.py's strings that need few characters; the other strings are held out. OUT/trained.json.gz gets a list of cases: kind and options as TokenizerTrainer.of takes them, sha256 of vocabulary and merges, ids
of held-out strings. Where the library leaves ids to the order of a hash table (WordPiece: ##a, ##b ...) one case gives
these as special tokens, whose order is that of the list, and must be equal; another does not, and must be near.
"""

import gzip
import hashlib
import json
import shutil
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

DATA, OUT = Path(sys.argv[1]), Path(sys.argv[2])
SOURCE = "tales-sentences-valid.txt.gz"
if (DATA / "text" / SOURCE) != (OUT / SOURCE):
    shutil.copyfile(DATA / "text" / SOURCE, OUT / SOURCE)
STRINGS = json.load(gzip.open(OUT / "strings.json.gz", "rt", encoding="utf-8"))
LINES = gzip.open(OUT / SOURCE, "rt", encoding="utf-8", newline="\n").read().splitlines(keepends=True)
TEXTS = LINES[:-100] + [x for x in STRINGS[:1000] if all(ord(c) < 0x500 or 0x1F600 <= ord(c) < 0x1F650 for c in x)]
HELD_OUT = LINES[-100:] + [x for x in STRINGS[1000:] if len(x) < 500]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def sha(strings) -> str:
    """Of strings, each after its length in bytes."""
    parts = (x.encode("utf-8") for x in strings)
    return hashlib.sha256(b"".join(b"%d:%s" % (len(x), x) for x in parts)).hexdigest()


def bpe(o):
    t = Tokenizer(models.BPE())
    cuts = pre_tokenizers.ByteLevel(o.get("add_prefix_space", False), use_regex="pattern" not in o)
    if o.get("individual_digits"):
        cuts = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), cuts])
    if "pattern" in o:
        cuts = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), cuts])
    t.pre_tokenizer, t.decoder = cuts, decoders.ByteLevel()
    alphabet = [] if o.get("initial_alphabet") == "text" else pre_tokenizers.ByteLevel.alphabet()
    return t, trainers.BpeTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 2), initial_alphabet=alphabet, show_progress=False,
        special_tokens=o.get("special_tokens", ["<|endoftext|>"]), max_token_length=o.get("max_token_length"))


def wordpiece(o):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=o.get("lowercase", True), strip_accents=o.get("strip_accents"))
    t.pre_tokenizer, t.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t, trainers.WordPieceTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 2), limit_alphabet=o.get("limit_alphabet", 1000),
        special_tokens=o.get("special_tokens", BERT), show_progress=False)


def sentencepiece(t, o):
    if o.get("normalizer") == "nmt_nfkc":
        t.normalizer = normalizers.Sequence(
            [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    elif o.get("normalizer") != "none":
        t.normalizer = normalizers.NFKC()
    scheme = o.get("prepend_scheme", "always")
    t.pre_tokenizer, t.decoder = pre_tokenizers.Metaspace(prepend_scheme=scheme), decoders.Metaspace(prepend_scheme=scheme)
    return o.get("special_tokens", ["<unk>", "<s>", "</s>"])


def unigram(o):
    t = Tokenizer(models.Unigram())
    special = sentencepiece(t, o)
    return t, trainers.UnigramTrainer(
        vocab_size=o["vocab_size"], special_tokens=special, unk_token="<unk>", show_progress=False,
        max_piece_length=o.get("max_piece_length", 16), shrinking_factor=o.get("shrinking_factor", 0.75),
        n_sub_iterations=o.get("n_sub_iterations", 2))


def sentencepiece_bpe(o):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    special = sentencepiece(t, o)
    return t, trainers.BpeTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 2), special_tokens=special, show_progress=False,
        limit_alphabet=o.get("limit_alphabet", 1000), max_token_length=o.get("max_token_length"))


def words(o):
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.normalizer = normalizers.Lowercase() if o.get("lowercase") else None
    t.pre_tokenizer = pre_tokenizers.Split(Regex(o.get("pattern", r"\w+|[^\w\s]+")), "removed", invert=True)
    return t, trainers.WordLevelTrainer(
        vocab_size=o["vocab_size"], min_frequency=o.get("min_frequency", 1), special_tokens=["<unk>"], show_progress=False)


def characters(o):
    """The library has no such trainer: the sorted set, as nanoGPT makes it."""
    tokens = o["special_tokens"] + sorted(set("".join(TEXTS)))
    t = Tokenizer(models.WordLevel({x: i for i, x in enumerate(tokens)}, unk_token="<unk>"))
    t.pre_tokenizer, t.decoder = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"), decoders.Fuse()
    return t, None


def continuing(o):
    """##a ... of the text, sorted."""
    t, _ = wordpiece({"vocab_size": 1})
    seen = {c for x in TEXTS for w, _ in t.pre_tokenizer.pre_tokenize_str(t.normalizer.normalize_str(x)) for c in w[1:]}
    return BERT + ["##" + c for c in sorted(seen)]


MAKERS = {"bpe": bpe, "wordpiece": wordpiece, "unigram": unigram, "sentencepiece-bpe": sentencepiece_bpe, "words": words,
          "characters": characters}
CASES = [
    ("bpe", {"vocab_size": 300, "min_frequency": 0}),
    ("bpe", {"vocab_size": 1500}),
    ("bpe", {"vocab_size": 4000}),
    ("bpe", {"vocab_size": 60000, "min_frequency": 0}),
    ("bpe", {"vocab_size": 3000, "min_frequency": 9, "special_tokens": ["<|endoftext|>", "<|im_start|>", "the"]}),
    ("bpe", {"vocab_size": 1000, "add_prefix_space": True, "initial_alphabet": "text"}),
    ("bpe", {"vocab_size": 1200, "individual_digits": True}),
    ("bpe", {"vocab_size": 1200, "pattern": "llama3"}),
    ("bpe", {"vocab_size": 1200, "max_token_length": 5}),
    ("wordpiece", {"vocab_size": 2500, "limit_alphabet": 100000, "special_tokens": continuing}),
    ("wordpiece", {"vocab_size": 4000, "limit_alphabet": 100000, "special_tokens": continuing, "min_frequency": 3}),
    ("wordpiece", {"vocab_size": 2000, "limit_alphabet": 100000, "near": True}),
    ("wordpiece", {"vocab_size": 2000, "limit_alphabet": 100000, "lowercase": False, "strip_accents": False, "near": True}),
    ("unigram", {"vocab_size": 1500}),
    ("unigram", {"vocab_size": 3000, "normalizer": "nmt_nfkc"}),
    ("unigram", {"vocab_size": 2000, "prepend_scheme": "first", "max_piece_length": 6, "shrinking_factor": 0.6,
                 "n_sub_iterations": 3, "special_tokens": ["<pad>", "</s>", "<unk>"]}),
    ("sentencepiece-bpe", {"vocab_size": 2500, "limit_alphabet": 100000}),
    ("sentencepiece-bpe", {"vocab_size": 4000, "limit_alphabet": 100000, "min_frequency": 3, "prepend_scheme": "first",
                           "normalizer": "none", "max_token_length": 8}),
    ("words", {"vocab_size": 100000}),
    ("words", {"vocab_size": 700, "min_frequency": 2, "lowercase": True, "pattern": r"\S+"}),
    ("characters", {"special_tokens": ["<unk>"], "unk_token": "<unk>"}),
]


def main():
    out = []
    for kind, given in CASES:
        options = {k: (v(given) if callable(v) else v) for k, v in given.items()}
        near = options.pop("near", False)
        t, trainer = MAKERS[kind](options)
        if trainer:
            t.train_from_iterator(TEXTS, trainer)
        model = json.loads(t.to_str())["model"]
        case = {"kind": kind, "options": options, "size": t.get_vocab_size()}
        vocab = model["vocab"]
        if kind == "unigram":
            case["pieces"] = vocab
        else:
            names = sorted(vocab, key=vocab.get)
            assert [vocab[x] for x in names] == list(range(len(names)))
            if near:
                case["names"] = names
            else:
                case["vocabulary"], case["merges"] = sha(names), sha([x for m in model.get("merges", []) for x in m])
        encode = [t.encode(x, add_special_tokens=kind == "wordpiece") for x in HELD_OUT]
        if near or kind == "unigram":
            case["each"] = [sha([t.id_to_token(x) for x in e.ids])[:8] for e in encode]
        else:
            case["ids"] = sha([str(x) for e in encode for x in e.ids + [-1]])
            case["first"] = [e.ids for e in encode[:5]]
        out.append(case)
        print(kind, given if len(str(given)) < 150 else "", case["size"])
    data = json.dumps(out, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    with open(OUT / "trained.json.gz", "wb") as f:
        f.write(gzip.compress(data, 9, mtime=0))


main()
