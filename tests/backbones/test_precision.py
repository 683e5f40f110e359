"""Mixed precision where a machine is faster with it."""

from __future__ import annotations

import logging

import pytest
import torch

from logire.backbones.transformers.precision import mixed


@pytest.mark.parametrize(
    ("capabilities", "fast"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
        ({"amx_fp16": True, "avx512_fp16": True, "bf16_units": 0}, False),
    ],
)
def test_auto_is_what_the_processor_has_instructions_for(capabilities, fast, monkeypatch, caplog) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    with caplog.at_level(logging.WARNING, "logire"):
        assert (mixed("auto"), mixed("fp32")) == (fast, False)
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "logire"):
        assert mixed("bf16")
    assert ["no instructions for bfloat16" in record.message for record in caplog.records] == [True] * (not fast)


@pytest.mark.parametrize("fast", [True, False])
def test_with_a_gpu_the_gpu_counts(fast: bool, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": not fast})
    assert mixed("auto") is fast
