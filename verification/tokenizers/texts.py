"""Texts that tokenizers are trained on and tested with: a few lines of many scripts, and strings that break things."""

import gzip
import random
from pathlib import Path

MANY_SCRIPTS = """\
The quick brown fox jumps over the lazy dog. It's 3.14 o'clock, isn't it? We'll see; they've gone, I'm sure, you'd say.
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich; die Straße ist naß.
Voix ambiguë d'un cœur qui, au zéphyr, préfère les jattes de kiwis. L'été, ç'est là-bas où l'on naît.
El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío; ¿añoraba a su querido cachorro?
Příliš žluťoučký kůň úpěl ďábelské ódy. Pchnąć w tę łódź jeża lub ośm skrzyń fig. İstanbul'da ılık bir gün.
Съешь же ещё этих мягких французских булок, да выпей чаю. Жебракують філософи при ґанку церкви в Гадячі.
Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία. Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.
דג סקרן שט בים מאוכזב ולפתע מצא חברה. שָׁלוֹם עֲלֵיכֶם
صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت. كل الناس يولدون أحرارا ومتساوين في الكرامة والحقوق.
ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश करने वाले विष्णुवतार भगवान श्रीराम।
เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน
天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。人人生而自由，在尊严和权利上一律平等。
いろはにほへと ちりぬるを わかよたれそ つねならむ。東京タワーでコーヒーを飲みました。
키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다. 모든 인간은 태어날 때부터 자유롭다.
👨‍👩‍👧‍👦 family, 🏳️‍🌈 flag, 👍🏽 thumb, 🇩🇪🇫🇷 flags, ❤️ heart, 😀😃😄, 1️⃣2️⃣3️⃣ keys.
for (int i = 0; i < n; i++) { sum += a[i] * b[i]; } // 0x1F, 1e-3, "quoted", 'c', \\n, <tag attr="x"/>, $x @y #z ~/.cache
ﬁne ﬂow ½ ¾ ² ³ № ™ ℃ Å ﷺ ㈱ ｆｕｌｌｗｉｄｔｈ ﾊﾝｶｸ Ⅷ ⅷ ① Ω µ μ ſ ß ẞ ŉ ǆ
"""

HAND_WRITTEN = [
    "", " ", "  ", "\n", "\t", "\r\n", " \n ", "a", " a", "a ", "  a", "a  b", "\n\n\na", "a\n\n\n", "\u00a0a\u00a0", "\u3000\u3000x",
    "Hello world", "Hello, world!", " Hello  world ", "hello\tworld\n", "HELLO WORLD", "Hello   \n  world", "don't I'll you've we're he'd it's I'm",
    "DON'T I'LL YOU'VE WE'RE HE'D IT'S I'M", "'s 't 're 've 'm 'll 'd", "'S'T'RE'VE'M'LL'D", "it\u2019s", "\u0027\u017f x\u0027\u017f", "'", "''", "a'", "'a",
    "0", "12", "123", "1234", "12345678901234567890", "3.14159", "1,234,567.89", "a1b2c3", "1a2b3c", "\u0661\u0662\u0663\u0664", "\u00bd\u00bc", "\u2167\u2169", "\u0bf0",
    "<s>", "</s>", "<unk>", "<pad>", "<mask>", "[MASK]", "[CLS] x [SEP]", "a <mask> b", "a<mask>b", "  <mask>  ", "<|endoftext|>", "a<|endoftext|>b",
    "<|endoftext|><|endoftext|>", "<|im_start|>user\nhi<|im_end|>", "[INST] x [/INST]", "<s><s></s>", "<|end", "oftext|>", "<extra> wordextra extra", "Extra EXTRA",
    "caf\u00e9", "cafe\u0301", "e\u0301\u0327", "e\u0327\u0301", "\u0301", "\u0301a", "a\u0300\u0301\u0302\u0303", "\u1e9b\u0323", "\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "\u0958", "\u2126", "\u212b", "\ufb01", "\uff21\uff42\uff43", "\u3392", "\u01c5", "\u0130", "I\u0307", "\u03a3\u03c3\u03c2", "STRASSE stra\u00dfe", "\u1e9e",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea\U0001f1eb", "1\ufe0f\u20e3", "\u2764\ufe0f",
    "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u200fabc\u200e", "\u202eabc\u202c", "\u0627\u0644\u0652", "\ufdfa", "\ufeffabc", "a\ufeffb", "a\u200bb", "a\u200db", "a\u00adb",
    "\u0000", "a\u0000b", "\u0001\u0002\u001f", "\u007f\u0080\u0085\u009f", "\u001c\u001d\u001e\u001f", "a\u0085b", "a\u2028b\u2029c", "\ufffd", "\ufffe\uffff", "\ue000", "\U000f0000", "\U0010ffff", "\U0001d400", "\U00020000\U0002a6df",
    "\u2581", "\u2581a", " \u2581 a", "a\u2581b", "\u2581\u2581", "\u0120a", "\u010a", "\u00c3\u00a9", "<0x41>", "<0xE2><0x82>", "##ing", "a##b", "playing ##play", "</w>", "a</w>",
    "x" * 101, "ab" * 60, " " * 50, "\n" * 20, "a" * 300, "\u4e2d" * 40, "1" * 50, "!" * 30, "\U0001f600" * 20, "\u0301" * 20, "a b " * 20, "-" * 17 + "x",
    "http://example.com/a?b=c&d=%20#e", "user@example.org", "C:\\path\\to", "a_b-c.d", "foo(bar)[baz]{qux}", "==>><<!=", "x=y;z", "    indented\n        more\n\ttab", "def f(x):\n    return x**2\n",
    "\u4e2d\u6587 \u6df7\u5408 English \u65e5\u672c\u8a9e", "\u30a2\u30a4\u30a6\u30fc\u3042\u3044\u3046", "\uff8a\uff9f\uff71", "\u0e01\u0e33", "\u0915\u094d\u0937", "\u0b95\u0bcd\u0bb7", "\u1019\u103c\u1014\u103a\u1019\u102c",
    " .", "a .", "Hello , world ! ok ? it 's do not ca n't", "a ' b", "\u201cquoted\u201d \u2014 dash\u2026", "\u00bfqu\u00e9?", "\u00a1Hola!", "100%", "$5 \u20ac5 \u00a35", "5\u00b0C", "E=mc\u00b2",
    "a\r\nb\rc\nd", " \r\n ", "\r", "x \r y", "\u2003x\u2009y", "\u1680", "\u205f", "a\u000bb\u000cc",
]


def training_text(data: Path) -> list[str]:
    """About 1.5 MB of sentences: English, German, French, and the scripts above often enough to be learnt."""
    lines = []
    with gzip.open(data / "text/tinystories-1000-train.txt.gz", "rt", encoding="utf-8") as f:
        lines += [line.strip() for line in f][:4000]
    with gzip.open(data / "text/prose-valid.txt.gz", "rt", encoding="utf-8") as f:
        lines += [line.strip() for line in f][:1200]
    for name in ("de", "fr"):
        with gzip.open(data / f"translation/tatoeba-en-{name}-valid.tsv.gz", "rt", encoding="utf-8") as f:
            lines += [line.rstrip("\n").split("\t")[1] for line in f][:1500]
    lines += MANY_SCRIPTS.splitlines() * 12
    return [line for line in lines if line]


def strings(data: Path, count: int) -> list[str]:
    """The hand-written strings, real text, and seeded random ones."""
    rng = random.Random(20240613)
    out = list(HAND_WRITTEN)
    real = MANY_SCRIPTS.splitlines()
    out += real
    out += [line[a : a + rng.randrange(1, 60)] for line in real for a in (rng.randrange(len(line)), rng.randrange(len(line)))]
    with gzip.open(data / "text/tales-sentences-valid.txt.gz", "rt", encoding="utf-8") as f:
        out += [line.rstrip("\n") for line in f if line.strip()][:120]
    pools = [
        lambda: rng.randrange(32, 127),
        lambda: rng.randrange(32, 127),
        lambda: 32,
        lambda: rng.choice([9, 10, 13, 32, 0xA0, 0x3000, 0x2009, 0x85]),
        lambda: rng.randrange(0xA0, 0x250),
        lambda: rng.randrange(0x300, 0x370),
        lambda: rng.randrange(0x370, 0x700),
        lambda: rng.randrange(0x900, 0x1200),
        lambda: rng.randrange(0x1E00, 0x2000),
        lambda: rng.randrange(0x2000, 0x2C00),
        lambda: rng.randrange(0x3040, 0x3100),
        lambda: rng.randrange(0x4E00, 0x5200),
        lambda: rng.randrange(0xAC00, 0xAD00),
        lambda: rng.randrange(0xF900, 0xFFFE),
        lambda: rng.randrange(0x1F300, 0x1F700),
        lambda: rng.randrange(0x10000, 0x1F000),
        lambda: rng.choice([0x200D, 0xFE0F, 0x1F3FD, 0x200C, 0x0301, 0x0308]),
        lambda: rng.choice("'.,-!?\"0123456789"),
    ]
    while len(out) < count:
        some = rng.sample(pools, rng.randrange(1, 5))
        chars = [rng.choice(some)() for _ in range(rng.randrange(1, 30))]
        out.append("".join(c if isinstance(c, str) else chr(c) for c in chars))
    return out[:count]
