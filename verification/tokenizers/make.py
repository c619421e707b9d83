"""Makes the tokenizers and expected values that TokenizerGoldenTest compares with.

    python make.py DATA OUT        (tokenizers 0.23.3, sentencepiece 0.2.3; DATA holds text/ and translation/)

OUT gets strings.json.gz, one folder or file for each tokenizer, and beside it NAME.vectors.gz: a line for each string,
[[ids], [gap, length, gap, length ...], crc32 of the decoded text (0: equals the string)]. Offsets are bytes of the UTF-8 form; a gap is
counted from the end of the token before. Everything expected comes from the reference libraries.
"""

import gzip
import io
import json
import sys
import zlib
from pathlib import Path

import sentencepiece as spm
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from make_common import packed
from texts import strings, training_text

DATA, OUT = Path(sys.argv[1]), Path(sys.argv[2])
ALL, SOME, FEW = 1500, 700, 420
TEXT = training_text(DATA)
STRINGS = strings(DATA, ALL)
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK3 = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def crc(decoded: str, text: str) -> int:
    return 0 if decoded == text else zlib.crc32(decoded.encode("utf-8")) or 1


def gaps(text: str, offsets) -> list[int]:
    """Offsets in characters to byte gaps and lengths."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode("utf-8")))
    return between([(at[start], at[end]) for start, end in offsets])


def between(offsets) -> list[int]:
    out, last = [], 0
    for start, end in offsets:
        out += [start - last, end - start]
        last = end
    return out


def vectors(name: str, tokenizer: Tokenizer, count: int, pairs: int = 0) -> None:
    lines = []
    for text in STRINGS[:count]:
        e = tokenizer.encode(text)
        lines.append([e.ids, gaps(text, e.offsets), crc(tokenizer.decode(e.ids, skip_special_tokens=False), text)])
    for i in range(pairs):
        a, b = STRINGS[2 * i + 20], STRINGS[2 * i + 21]
        e = tokenizer.encode(a, b)
        lines.append([e.ids, e.type_ids, crc(tokenizer.decode(e.ids, skip_special_tokens=True), "")])
    packed(OUT / f"{name}.vectors.gz", f"{count}\n" + "\n".join(json.dumps(x, separators=(",", ":")) for x in lines) + "\n")
    packed(OUT / f"{name}.json.gz", tokenizer.to_str())
    print(name, tokenizer.get_vocab_size(), flush=True)


def trained(model, trainer, normalizer=None, pre=None) -> Tokenizer:
    t = Tokenizer(model)
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.train_from_iterator(TEXT, trainer)
    return t


def bpe(size=1200, special=(), alphabet=True, **kw):
    extra = {"initial_alphabet": pre_tokenizers.ByteLevel.alphabet()} if alphabet else {}
    return trainers.BpeTrainer(vocab_size=size, show_progress=False, special_tokens=list(special), **extra, **kw)


def again(base: Tokenizer, **parts) -> Tokenizer:
    """The same tokenizer with some parts replaced."""
    t = Tokenizer.from_str(base.to_str())
    for key, value in parts.items():
        setattr(t, key, value)
    return t


def options(base: Tokenizer, **model) -> Tokenizer:
    """The same tokenizer with other settings of its model."""
    data = json.loads(base.to_str())
    data["model"].update(model)
    return Tokenizer.from_str(json.dumps(data))


def byte_level() -> None:
    t = trained(models.BPE(), bpe(2000, ["<|endoftext|>"]), pre=pre_tokenizers.ByteLevel(add_prefix_space=False))
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    vectors("bpe-gpt2", t, ALL, 20)
    base = t
    t = again(base, post_processor=processors.ByteLevel(trim_offsets=True))
    vectors("bpe-gpt2-trimmed", t, FEW)

    def split(pattern):
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])

    t = options(again(base, pre_tokenizer=split(LLAMA3)), ignore_merges=True)
    bos = t.token_to_id("<|endoftext|>")
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|endoftext|> $A", pair="<|endoftext|> $A <|endoftext|>:1 $B:1", special_tokens=[("<|endoftext|>", bos)])])
    vectors("bpe-llama3", t, SOME, 20)
    t = again(base, pre_tokenizer=split(QWEN2), normalizer=normalizers.NFC())
    t.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    vectors("bpe-qwen2", t, SOME)
    vectors("bpe-gpt4o", again(base, pre_tokenizer=split(GPT4O)), SOME)
    deep = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(p), "isolated") for p in (r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3)]
        + [pre_tokenizers.ByteLevel(False, use_regex=False)])
    vectors("bpe-deepseek3", again(base, pre_tokenizer=deep), SOME)
    smol = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)])
    vectors("bpe-smollm", again(base, pre_tokenizer=smol), SOME)
    t = again(base, pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True))
    t.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    t.post_processor = processors.RobertaProcessing(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")))
    vectors("bpe-roberta", t, SOME, 20)
    t = again(base, normalizer=normalizers.ByteLevel(), pre_tokenizer=None)
    vectors("bpe-bytelevel-normalizer", t, FEW)
    t = again(base, normalizer=normalizers.Lowercase())
    t.add_tokens([AddedToken("Extra", normalized=True), AddedToken("word", single_word=True, normalized=False),
                  AddedToken("dash", lstrip=True, rstrip=True, normalized=False), "hello world", "  "])
    vectors("bpe-added", t, FEW)

    clip_norm = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    clip_pre = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t = trained(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"), bpe(special=["<|startoftext|>", "<|endoftext|>"], end_of_word_suffix="</w>"),
                clip_norm, clip_pre)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", 1), ("<|startoftext|>", 0), trim_offsets=False, add_prefix_space=False)
    vectors("bpe-clip", t, SOME)


def character_bpe() -> None:
    t = trained(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"), bpe(1200, ["<unk>"], False, end_of_word_suffix="</w>", limit_alphabet=200),
                normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    t.decoder = decoders.BPEDecoder()
    vectors("bpe-openai", t, SOME)
    vectors("bpe-openai-fused", options(t, fuse_unk=True), FEW)
    vectors("bpe-openai-nounk", options(t, unk_token=None), FEW)
    t = trained(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"), bpe(1200, ["<unk>"], False, continuing_subword_prefix="##", limit_alphabet=300),
                None, pre_tokenizers.Whitespace())
    vectors("bpe-prefix", t, FEW)

    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    special = ["<unk>", "<s>", "</s>"] + bytes_
    t = trained(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), bpe(1500, special, False, limit_alphabet=120, max_token_length=16),
                normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), pre_tokenizers.Split("▁", "merged_with_next"))
    data = json.loads(t.to_str())
    data["added_tokens"] = [a for a in data["added_tokens"] if not a["content"].startswith("<0x")]
    data["pre_tokenizer"] = None
    t = Tokenizer.from_str(json.dumps(data))
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    vectors("bpe-llama2", t, ALL, 20)
    base = t
    t = again(base, normalizer=normalizers.Replace(" ", "▁"), pre_tokenizer=pre_tokenizers.Split(" ", "merged_with_previous"),
              decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]))
    vectors("bpe-gemma", t, SOME)
    t = again(base, pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first", split=False))
    t = Tokenizer.from_str(json.dumps({**json.loads(t.to_str()), "normalizer": None}))
    vectors("bpe-metaspace-first", t, FEW)
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    t.decoder = decoders.Metaspace()
    vectors("bpe-metaspace-always", t, FEW)
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=True)
    t.decoder = decoders.Metaspace(prepend_scheme="never")
    vectors("bpe-metaspace-never", t, FEW)


def word_pieces() -> None:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for name, lower in (("uncased", True), ("cased", False)):
        t = trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=1500, special_tokens=special, show_progress=False, limit_alphabet=300),
                    normalizers.BertNormalizer(lowercase=lower), pre_tokenizers.BertPreTokenizer())
        t.post_processor = (
            processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
            if lower else processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)))
        t.decoder = decoders.WordPiece()
        vectors(f"wordpiece-{name}", t, ALL if lower else SOME, 20)
        vocab = sorted(t.get_vocab().items(), key=lambda x: x[1])
        packed(OUT / f"wordpiece-{name}.vocab.txt.gz", "\n".join(p for p, _ in vocab) + "\n")
    t.normalizer = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    t.decoder = decoders.WordPiece(cleanup=False)
    vectors("wordpiece-options", options(t, max_input_chars_per_word=12), FEW)

    t = trained(models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(vocab_size=1500, special_tokens=["<unk>"], show_progress=False),
                normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()]), pre_tokenizers.Whitespace())
    vectors("wordlevel", t, FEW)
    t.decoder = decoders.CTC(pad_token="<unk>", word_delimiter_token=".")
    vectors("wordlevel-ctc", t, FEW)


def sentence_pieces() -> None:
    (OUT / "sentencepiece").mkdir(parents=True, exist_ok=True)
    kinds = {
        "unigram": dict(model_type="unigram", vocab_size=1500, character_coverage=0.998),
        "unigram-bytes": dict(model_type="unigram", vocab_size=1500, character_coverage=0.99, byte_fallback=True,
                              user_defined_symbols=["<sep>", "don't", "▁the▁"], control_symbols=["<ctl>"], normalization_rule_name="nmt_nfkc_cf"),
        "bpe-bytes": dict(model_type="bpe", vocab_size=1500, character_coverage=0.99, byte_fallback=True, split_digits=True,
                          normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True),
        "bpe-plain": dict(model_type="bpe", vocab_size=1500, character_coverage=0.995, user_defined_symbols=["<a>", "ing", "<ab>", "  "], add_dummy_prefix=False,
                          normalization_rule_name="identity"),
        "unigram-suffix": dict(model_type="unigram", vocab_size=1000, character_coverage=0.99, treat_whitespace_as_suffix=True, normalization_rule_name="identity"),
        "char": dict(model_type="char", vocab_size=300, character_coverage=0.99, normalization_rule_name="identity"),
        "word": dict(model_type="word", vocab_size=800, normalization_rule_name="identity"),
    }
    for name, kind in kinds.items():
        file = io.BytesIO()
        spm.SentencePieceTrainer.train(sentence_iterator=iter(TEXT), model_writer=file, num_threads=1, minloglevel=2, max_sentence_length=100000, hard_vocab_limit=False, **kind)
        raw = file.getvalue()
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0, filename="") as f:
            f.write(raw)
        (OUT / f"sentencepiece/{name}.model.gz").write_bytes(buffer.getvalue())
        sp = spm.SentencePieceProcessor(model_proto=raw)
        lines = []
        for text in STRINGS[:ALL if name in ("unigram", "bpe-bytes") else SOME]:
            proto = sp.encode(text, return_type="proto")
            offsets = [(p.begin, p.end) for p in proto.pieces]  # bytes already
            ids = [p.id for p in proto.pieces]
            lines.append([ids, between(offsets), crc(sp.decode(ids), text)])
        packed(OUT / f"sentencepiece/{name}.vectors.gz", f"{len(lines)}\n" + "\n".join(json.dumps(x, separators=(",", ":")) for x in lines) + "\n")
        print("sentencepiece", name, sp.vocab_size(), flush=True)
        if name in ("unigram", "unigram-bytes"):
            from_sentencepiece(name, raw)


def from_sentencepiece(name: str, raw: bytes) -> None:
    """A tokenizer.json of Unigram kind with the same pieces, as converted T5 and ALBERT checkpoints have it."""
    from sentencepiece import sentencepiece_model_pb2 as pb

    proto = pb.ModelProto.FromString(raw)
    vocab = [(p.piece, p.score) for p in proto.pieces]
    charsmap = proto.normalizer_spec.precompiled_charsmap
    t = Tokenizer(models.Unigram(vocab, unk_id=proto.trainer_spec.unk_id, byte_fallback=name == "unigram-bytes"))
    eos = ("</s>", t.token_to_id("</s>"))
    if name == "unigram":
        t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), "▁")])
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.decoder = decoders.Metaspace()
        t.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[eos])
        t.add_special_tokens(["</s>", "<unk>", "<extra_id_0>"])
        vectors("unigram-t5", t, ALL, 20)
        t.normalizer = normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        vectors("unigram-albert", t, SOME)
    else:
        t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
        t.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
        t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
        vectors("unigram-bytes", t, SOME)


def single_steps() -> None:
    """Each pre-tokenizer and normalizer alone: a vocabulary of one unknown word, so that the offsets are the result."""
    p, n = pre_tokenizers, normalizers
    pres = {
        "whitespace": p.Whitespace(), "whitespacesplit": p.WhitespaceSplit(), "bert": p.BertPreTokenizer(), "digits": p.Digits(False), "digits-each": p.Digits(True),
        "delimiter": p.CharDelimiterSplit("a"), "scripts": p.UnicodeScripts(), "fixed": p.FixedLength(3), "bytelevel": p.ByteLevel(False), "metaspace": p.Metaspace(),
        **{f"punctuation-{b}": p.Punctuation(b) for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")},
        **{f"split-{b}-{i}": p.Split(Regex(r"\s+|[aeiou]"), b, i) for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous") for i in (False, True)},
        "split-string": p.Split("e", "merged_with_next"), "split-posix": p.Split(Regex(r"[[:upper:]][[:lower:]]*|[[:digit:]]+|\h+"), "isolated"),
        "split-lines": p.Split(Regex(r"^.+$"), "isolated"), "split-scripts": p.Split(Regex(r"[\p{Han}\p{Hiragana}]+|\p{Arabic}+|\p{^L}+"), "isolated"),
        "split-empty": p.Split(Regex(r"(?=(\d{3})+(?!\d))"), "isolated"), "split-ahead": p.Split(Regex(r"\w+(?=\s)|(?<=\s)\W"), "isolated"),
        "two": p.Sequence([p.WhitespaceSplit(), p.Punctuation(), p.Digits(True)]),
    }
    norms = {
        "nfc": n.NFC(), "nfd": n.NFD(), "nfkc": n.NFKC(), "nfkd": n.NFKD(), "lowercase": n.Lowercase(), "strip": n.Strip(), "strip-left": n.Strip(True, False),
        "stripaccents": n.Sequence([n.NFD(), n.StripAccents()]), "nmt": n.Nmt(), "prepend": n.Prepend("ab"), "replace": n.Replace("a", "xyz"), "replace-regex": n.Replace(Regex(r"\s+|\p{N}"), ""),
        "bert": n.BertNormalizer(), "bert-cased": n.BertNormalizer(lowercase=False), "bert-accents": n.BertNormalizer(True, True, False, True), "bytelevel": n.ByteLevel(),
    }
    base = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    lines = []
    for kind, steps in (("pre", pres), ("norm", norms)):
        for name, step in steps.items():
            t = again(base, pre_tokenizer=step) if kind == "pre" else again(base, normalizer=step, pre_tokenizer=p.FixedLength(1))
            expected = []
            for text in STRINGS[:SOME if kind == "norm" else FEW]:
                normal = t.normalizer.normalize_str(text) if kind == "norm" else text
                expected.append([gaps(text, t.encode(text).offsets), crc(normal, text)])
            lines.append({"name": f"{kind}-{name}", "tokenizer": json.loads(t.to_str()), "expected": expected})
    packed(OUT / "steps.jsonl.gz", "\n".join(json.dumps(x, separators=(",", ":")) for x in lines) + "\n")
    print("steps", len(lines), flush=True)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    packed(OUT / "strings.json.gz", json.dumps(STRINGS))
    for part in (single_steps, byte_level, character_bpe, word_pieces, sentence_pieces):
        if len(sys.argv) < 4 or part.__name__ in sys.argv[3:]:
            part()
