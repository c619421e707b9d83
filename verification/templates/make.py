"""Renders real chat templates and small Jinja cases with transformers' own environment.

Writes expected.json (template -> conversation -> text, or null where rendering fails) and language.json (the small
cases with their text). Needs transformers as pinned in ../golden/requirements.txt.

    python make.py                # the committed templates
    python make.py --extra DIR OUT.json   # any further *.jinja, for a wider check by hand
"""

import json
import pathlib
import sys
from datetime import datetime

import transformers.utils.chat_template_utils as chat

HERE = pathlib.Path(__file__).parent
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
NOW = datetime(2026, 3, 7, 9, 5, 3)


class Fixed(datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat.datetime = Fixed


def render(template, case):
    options = dict(case.get("options", {}))
    try:
        texts, _ = chat.render_jinja_template(
            [case["messages"]],
            tools=case.get("tools"),
            documents=case.get("documents"),
            chat_template=template,
            continue_final_message=options.pop("continue_final_message", False),
            add_generation_prompt=options.pop("add_generation_prompt", True),
            **{**VARIABLES, **options},
        )
        return texts[0]
    except Exception as e:  # whatever Python raises, ours has to be an error too
        print("   ", case["name"], "fails:", str(e).splitlines()[0][:100] if str(e) else type(e).__name__)
        return None


def real(folder):
    conversations = json.loads((HERE / "conversations.json").read_text("utf-8"))
    results = {}
    for path in sorted(folder.glob("*.jinja")):
        print(path.name)
        template = path.read_text("utf-8")
        results[path.name] = {case["name"]: render(template, case) for case in conversations}
    return results


def language():
    cases = []
    for source in (HERE / "language.txt").read_text("utf-8").split("\n=====\n"):
        variables = {
            "s": "Hello, Wörld 😀!", "n": 7, "x": 2.5, "yes": True, "no": False, "nothing": None,
            "list": [3, 1, 2], "names": ["bob", "Alice", "carol"], "empty": [],
            "d": {"b": 1, "a": [1, "two", None], "items": "shadow"},
            "people": [{"name": "Ann", "age": 31, "on": True}, {"name": "bert", "age": 7, "on": False},
                       {"name": "Cy", "age": 31, "on": True}],
            "text": "line one\nline two\n\n  line four  ",
        }  # fmt: skip
        try:
            text = chat._cached_compile_jinja_template(source).render(**variables)
        except Exception as e:
            print("language:", repr(source[:60]), "fails:", str(e)[:100])
            text = None
        cases.append({"source": source, "text": text})
    return {"variables": variables, "cases": cases}


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--extra"]:
        write(pathlib.Path(sys.argv[3]), real(pathlib.Path(sys.argv[2])))
    else:
        write(HERE / "expected.json", real(HERE / "jinja"))
        write(HERE / "language.json", language())
