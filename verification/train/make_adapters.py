"""Adapters made by PEFT for the tiny golden models, and the logits that the adapted models give.

    python verification/train/make_adapters.py              writes verification/golden/adapters
    python verification/train/make_adapters.py --check DIR  loads the adapters that AdapterTest wrote into DIR with PEFT, and compares logits

AdapterTest writes them where -Dcutaway.adapters.out=DIR says. Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
CASES = {
    "gpt2": ("gpt2", dict(r=3, lora_alpha=5, target_modules=["c_attn", "mlp.c_proj"], task_type="CAUSAL_LM")),
    "gpt2-head": ("gpt2", dict(r=2, lora_alpha=3, target_modules=["c_fc", "attn.c_proj"], modules_to_save=["lm_head"], task_type="CAUSAL_LM")),
    "llama": (
        "llama",
        dict(
            r=4,
            lora_alpha=7,
            use_rslora=True,
            target_modules=["q_proj", "v_proj", "o_proj", "down_proj"],
            rank_pattern={"down_proj": 2},
            alpha_pattern={"layers.0.self_attn.q_proj": 3},
            task_type="CAUSAL_LM",
        ),
    ),
    "llama-two": ("llama", dict(r=1, lora_alpha=2, target_modules=["q_proj", "gate_proj"], task_type="CAUSAL_LM")),
    "neox": ("gpt_neox", dict(r=2, lora_alpha=4, target_modules=r".*layers\.[01]\.(attention|mlp)\.(query_key_value|dense|dense_h_to_4h)", task_type="CAUSAL_LM")),
    "bert-classes": ("bert-classes", dict(r=2, lora_alpha=4, target_modules="all-linear", task_type="SEQ_CLS")),
}


def base(name):
    path = GOLDEN / "models" / name
    kind = json.loads((path / "config.json").read_text())["architectures"][0]
    return getattr(transformers, kind).from_pretrained(path, attn_implementation="eager", dtype=torch.float32).eval()


def ids(model):
    g = torch.Generator().manual_seed(3)
    return torch.randint(3, model.config.vocab_size, (1, 7), generator=g)


def logits(model, tokens):
    with torch.no_grad():
        return model(input_ids=tokens).logits.contiguous()


def main():
    torch.manual_seed(11)
    out = GOLDEN / "adapters"
    for name, (model, how) in CASES.items():
        m = get_peft_model(base(model), LoraConfig(**how))
        for n, p in m.named_parameters():
            if "lora_B" in n or "modules_to_save" in n:
                p.data.add_(0.1 * torch.randn_like(p))
        m.eval()
        tokens = ids(m)
        m.peft_config["default"].base_model_name_or_path = f"../../models/{model}"
        m.save_pretrained(out / name)
        file = out / name / "adapter_config.json"  # PEFT keeps targets in a set
        config = json.loads(file.read_text())
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()
        file.write_text(json.dumps(config, indent=2) + "\n")
        (out / name / "README.md").unlink(missing_ok=True)
        plain = logits(base(model), tokens)
        adapted = logits(m, tokens)
        assert (plain - adapted).abs().max() > 0.01
        save_file({"input_ids": tokens, "logits": adapted}, out / name / "expected.safetensors")
    # Both at once: their parts are added up.
    both = PeftModel.from_pretrained(base("llama"), out / "llama", adapter_name="a")
    both.load_adapter(out / "llama-two", adapter_name="b")
    both.base_model.set_adapter(["a", "b"])
    tokens = ids(both)
    save_file({"input_ids": tokens, "logits": logits(both.eval(), tokens)}, out / "llama-sum.safetensors")


def check(folder):
    for path in sorted(Path(folder).iterdir()):
        name = json.loads((path / "adapter_config.json").read_text())["base_model_name_or_path"]
        m = PeftModel.from_pretrained(base(Path(name).name), path).eval()
        if not (path / "expected.safetensors").exists():
            print(path.name, "loads")
            continue
        want = load_file(path / "expected.safetensors")
        got = logits(m, want["input_ids"])
        worst = (got - want["logits"]).abs().max().item()
        print(path.name, "largest difference of logits", worst)
        assert worst < 1e-5, path


if __name__ == "__main__":
    check(sys.argv[2]) if sys.argv[1:2] == ["--check"] else main()
