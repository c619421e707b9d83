#!/usr/bin/env python3
"""What other processors of transformers make of some of images/: writes images/prepared.safetensors and their settings, images/prepared.json.

  F.<processor>  float32 [1, channel, height, width]; `grey` gets the image as Pillow makes it grey
"""

import json
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = Path(__file__).parent / "images"
COMMON = dict(resample=3, do_resize=True, do_rescale=True, rescale_factor=1 / 255, do_normalize=True)
IMAGENET = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
PROCESSORS = {
    "convnext": (ConvNextImageProcessorPil, COMMON | IMAGENET | dict(size={"shortest_edge": 14}, crop_pct=0.875)),
    "deit": (DeiTImageProcessorPil, COMMON | IMAGENET | dict(
        size={"height": 18, "width": 18}, do_center_crop=True, crop_size={"height": 14, "width": 14})),
    "grey": (ViTImageProcessorPil, COMMON | dict(size={"height": 14, "width": 14}, image_mean=[0.3], image_std=[0.4])),
}


def main():
    made, settings = {}, {}
    for name, (kind, options) in PROCESSORS.items():
        settings[name] = {"image_processor_type": kind.__name__.removesuffix("Pil")} | options
        for file in ("rgb.png", "grey.png"):
            image = Image.open(HERE / file).convert("L" if name == "grey" else "RGB")
            made[f"{file}.{name}"] = kind(**options)(image, return_tensors="pt").pixel_values.to(torch.float32)
    save_file({k: v.contiguous() for k, v in made.items()}, HERE / "prepared.safetensors")
    (HERE / "prepared.json").write_text(json.dumps(settings, indent=2) + "\n")
    for name, tensor in made.items():
        print(name, list(tensor.shape))


if __name__ == "__main__":
    main()
