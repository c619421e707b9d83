"""Makes transformers compute in float64 throughout, so that references have no rounding of their own.

`model.double()` alone is not enough: norms, softmax and rotary tables cast to float32 on purpose (`.float()`,
`dtype=torch.float32`). Inside transformers' modules the name `torch` is replaced by a stand-in whose `float32` is float64,
and `Tensor.float()` widens. One thing is left in float32 because there rounding decides an integer: the bucket of a
relative position in T5 (a logarithm, truncated).
"""

import sys

import torch


class WideTorch:
    """`torch`, but float32 means float64."""

    def __getattr__(self, name):
        if name in ("float32", "float"):
            return torch.float64
        return getattr(torch, name)


def narrow_float(tensor):
    return tensor.to(torch.float32)


def widen():
    """Call once, after the modelling modules are imported and before a model is made."""
    import transformers.masking_utils
    import transformers.modeling_rope_utils
    import transformers.models.t5.modeling_t5 as t5

    stand_in = WideTorch()
    for name, module in list(sys.modules.items()):
        modelling = name.startswith("transformers.models.") and ".modeling_" in name
        if modelling or name in ("transformers.modeling_rope_utils", "transformers.activations"):
            if getattr(module, "torch", None) is torch:
                module.torch = stand_in
    torch.Tensor.float = lambda self: self.to(torch.float64)
    torch.set_default_dtype(torch.float64)

    bucket = t5.T5Attention._relative_position_bucket

    def bucket_in_float32(relative_position, **options):
        wide, torch.Tensor.float = torch.Tensor.float, narrow_float
        try:
            return bucket(relative_position, **options)
        finally:
            torch.Tensor.float = wide

    t5.T5Attention._relative_position_bucket = staticmethod(bucket_in_float32)
