#!/usr/bin/env python3
"""Makes small images of many kinds, what decoding them gives, what transformers' processors make of them, and the classes seen in them.

Writes images/*.png, *.jpg and, in images/expected.safetensors, for each file F:
  F.pixels       uint8 [height, width, 3], decoded, turned upright by its EXIF orientation, made RGB (alpha dropped), as `load_image` does
  F.<processor>  float32 [1, 3, 20, 20], pixel_values of each processor of PROCESSORS (PIL backend)
  F.logits       float32 [1, 3], of models/vit-classes (float32 pixel_values, float64 model), whose preprocessor_config.json is `bilinear`
JPEG decoders differ by a step or two of 255; PNG is exact.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image, PngImagePlugin
from safetensors.torch import save_file
from transformers.image_utils import load_image
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import exact
from cases import PREPROCESSOR
from make import open_checkpoint

HERE = Path(__file__).parent
IMAGES = HERE / "images"
IMAGENET = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
PROCESSORS = {
    "bilinear": {},
    "bicubic": dict(resample=3, **IMAGENET),
    "lanczos": dict(resample=1, do_normalize=False),
    "nearest": dict(resample=0, rescale_factor=1 / 127.5),
}

SEVERAL = ("rgb.png", "tiny.png", "grey.png", "full-colour.jpg")  # by all processors; the others by the first


def scene(width, height, seed):
    """A smooth ground, a disc, a bar and some grain: uint8 [height, width, 3]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    rgb = np.stack([200 * x + 30, 120 + 100 * np.sin(5 * y + x), 230 - 180 * y], -1)
    rgb[(x - 0.3) ** 2 + (y - 0.25) ** 2 < 0.03] = (240, 60, 20)
    rgb[(x > 0.6) & (x < 0.7)] = (20, 40, 160)
    return np.clip(rgb + random.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8)


def write_images():
    IMAGES.mkdir(exist_ok=True)
    rgb = Image.fromarray(scene(37, 23, 1))
    rgb.save(IMAGES / "rgb.png")
    Image.fromarray(scene(7, 11, 2)).save(IMAGES / "tiny.png")  # made larger by the processors
    Image.fromarray(scene(20, 20, 3)).save(IMAGES / "fitting.png")  # needs no resizing
    rgb.convert("L").save(IMAGES / "grey.png")
    rgb.convert("1").save(IMAGES / "one-bit.png")
    rgb.quantize(11).save(IMAGES / "palette.png", bits=4)
    rgb.quantize(11).save(IMAGES / "palette-transparent.png", transparency=3)
    alpha = np.dstack([scene(29, 31, 4), (np.mgrid[0:31, 0:29][0] * 8).astype(np.uint8)])
    Image.fromarray(alpha).save(IMAGES / "alpha.png")
    Image.fromarray(alpha).convert("LA").save(IMAGES / "grey-alpha.png")
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a chunk to skip")
    rgb.save(IMAGES / "commented.png", pnginfo=text, gamma=0.45455)
    photo = Image.fromarray(scene(45, 33, 5))
    photo.save(IMAGES / "subsampled.jpg", quality=90, subsampling="4:2:0")
    photo.save(IMAGES / "full-colour.jpg", quality=95, subsampling="4:4:4")
    photo.save(IMAGES / "progressive.jpg", quality=90, progressive=True)
    photo.convert("L").save(IMAGES / "grey.jpg", quality=90)
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees clockwise
    photo.save(IMAGES / "turned.jpg", quality=95, subsampling="4:4:4", exif=turned)


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    write_images()
    transformers.ViTForImageClassification  # noqa: B018 - imports the module that is widened next
    base = {k: v for k, v in PREPROCESSOR.items() if k != "image_processor_type"}
    processors = {name: ViTImageProcessorPil(**(base | changes)) for name, changes in PROCESSORS.items()}
    expected = {}
    files = sorted(f for f in IMAGES.iterdir() if f.suffix in (".png", ".jpg"))
    for file in files:
        image = load_image(str(file))
        expected[f"{file.name}.pixels"] = torch.from_numpy(np.array(image))
        for name, processor in processors.items():
            if name != "bilinear" and file.name not in SEVERAL:
                continue
            expected[f"{file.name}.{name}"] = processor(image, return_tensors="pt").pixel_values.to(torch.float32)
    exact.widen()
    model, _ = open_checkpoint(HERE / "models" / "vit-classes")
    for file in files:
        with torch.no_grad():
            logits = model(expected[f"{file.name}.bilinear"].to(torch.float64)).logits
        expected[f"{file.name}.logits"] = logits.to(torch.float32)
    save_file({k: v.contiguous() for k, v in expected.items()}, IMAGES / "expected.safetensors")
    settings = {name: base | changes for name, changes in PROCESSORS.items()}
    (IMAGES / "processors.json").write_text(json.dumps(settings, indent=2) + "\n")
    for file in files:
        print(file.name, list(expected[f"{file.name}.pixels"].shape), expected[f"{file.name}.logits"].tolist())


if __name__ == "__main__":
    main()
