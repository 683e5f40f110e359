"""Single or mixed precision: which one a machine is faster with."""

from __future__ import annotations

import logging

import torch

log = logging.getLogger(__name__)


def mixed(precision: str) -> bool:
    """Whether to compute in bfloat16: as asked, or with ``auto`` where this machine has instructions for it."""
    fast = bfloat16_is_fast()
    if precision == "bf16" and not fast:
        log.warning(
            "precision bf16: this processor has no instructions for bfloat16, so training takes many times longer; "
            "set precision to auto or fp32"
        )
    return fast if precision == "auto" else precision == "bf16"


def bfloat16_is_fast() -> bool:
    """Whether the GPU, or without one the processor, has instructions for bfloat16.

    Without them (AVX2) a product took 70 times as long as in single precision.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch cannot tell
    return any(there is True and "bf16" in name for name, there in capabilities().items())
