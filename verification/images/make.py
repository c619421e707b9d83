"""Makes two small photographs and what Pillow and transformers' processors make of them.

    python make.py PHOTOS    # a folder with astronaut.jpg and coffee.png (public domain and CC0, from scikit-image's data)

Writes coffee.png and astronaut.jpg, 120 pixels wide, and expected.safetensors: for each file F
  F.pixels     uint8 [height, width, 3], decoded by Pillow
  F.<case>     uint8 [height, width, 3], resized and cut by the processor `cases.json` names, before rescaling
  F.<case>.values  float32 [1, 3, height, width], for the first case only
Needs Pillow and the versions of ../golden/requirements.txt.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = pathlib.Path(__file__).parent
LEVELS = {"do_rescale": False, "do_normalize": False}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
CASES = {
    "shrunk": {"size": {"height": 40, "width": 40}, "resample": 2, **IMAGENET},
    "shrunk-bicubic": {"size": {"height": 33, "width": 47}, "resample": 3},
    "shrunk-lanczos": {"size": {"height": 41, "width": 29}, "resample": 1},
    "shrunk-box": {"size": {"height": 30, "width": 50}, "resample": 4},
    "shrunk-hamming": {"size": {"height": 37, "width": 37}, "resample": 5},
    "nearest": {"size": {"height": 53, "width": 31}, "resample": 0},
    "enlarged": {"size": {"height": 141, "width": 67}, "resample": 3},
    "edge-and-cut": {
        "size": {"shortest_edge": 48}, "crop_size": {"height": 40, "width": 44}, "do_center_crop": True, "resample": 3,
    },
    "cut-larger": {
        "size": {"shortest_edge": 31}, "crop_size": {"height": 60, "width": 36}, "do_center_crop": True, "resample": 2,
    },
}  # fmt: skip


def processor(options):
    kind = CLIPImageProcessorPil if "crop_size" in options else ViTImageProcessorPil
    return kind(**options)


def main(photos):
    expected = {}
    for name in ("astronaut.jpg", "coffee.png"):
        image = Image.open(photos / name).convert("RGB")
        small = image.resize((120, round(120 * image.height / image.width)), Image.Resampling.LANCZOS)
        small.save(HERE / name, quality=90)
        image = Image.open(HERE / name).convert("RGB")
        expected[f"{name}.pixels"] = torch.from_numpy(np.array(image))
        for case, options in CASES.items():
            values = processor({**options, **LEVELS})(image, return_tensors="np").pixel_values[0]
            expected[f"{name}.{case}"] = torch.from_numpy(values.transpose(1, 2, 0).astype(np.uint8))
        first = next(iter(CASES))
        values = processor(CASES[first])(image, return_tensors="np").pixel_values
        expected[f"{name}.{first}.values"] = torch.from_numpy(values.astype(np.float32))
    save_file({k: v.contiguous() for k, v in expected.items()}, HERE / "expected.safetensors")
    (HERE / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
