"""The optimiser against torch's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from logire.ground.adamw import AdamW, Group

STEPS = (1.0, 0.3, 0.7, 0.0, 1.0)


def model() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 2), nn.Linear(2, 2))


def gradients(of: nn.Module, number: int) -> None:
    """The last layer gets a gradient from the third step on."""
    of.zero_grad()
    x = torch.linspace(-1, 1, 20).view(4, 5) * (number + 1)
    y = of[:3](x)
    (of[3](y) if number >= 2 else y).square().sum().backward()


def test_the_same_bits_as_torchs_fused_adamw() -> None:
    ours, theirs = model(), model()
    mine = AdamW([Group(list(ours[:2].parameters()), 0.1, 0.3), Group(list(ours[2:].parameters()), 0.02)], epsilon=1e-6)
    groups = [{"params": list(theirs[:2].parameters()), "weight_decay": 0.3, "peak": 0.1}]
    groups += [{"params": list(theirs[2:].parameters()), "weight_decay": 0.0, "peak": 0.02}]
    other = torch.optim.AdamW(groups, eps=1e-6, fused=True)
    for number, share in enumerate(STEPS):
        gradients(ours, number)
        gradients(theirs, number)
        mine.step(share)
        for group in other.param_groups:
            group["lr"] = group["peak"] * share
        other.step()
        assert [group.rate for group in mine.groups] == [0.1 * share, 0.02 * share]
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(a, b), number
    mine.zero_grad()
    assert all(p.grad is None for p in ours.parameters())


@pytest.mark.parametrize("cut", [1, 3])
def test_goes_on_from_its_moments(cut: int) -> None:
    whole, parts = model(), model()
    straight = AdamW([Group(list(whole.parameters()), 0.1)])
    for number, share in enumerate(STEPS):
        gradients(whole, number)
        straight.step(share)
    first = AdamW([Group(list(parts.parameters()), 0.1)])
    for number, share in enumerate(STEPS[:cut]):
        gradients(parts, number)
        first.step(share)
    moments = {name: tensor.clone() for name, tensor in first.moments().items()}
    assert len(moments) == 3 * (4 if cut == 1 else 6)
    second = AdamW([Group(list(parts.parameters()), 0.1)])
    second.restore(moments)
    for number, share in list(enumerate(STEPS))[cut:]:
        gradients(parts, number)
        second.step(share)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(a, b)


def test_seeding_and_a_step_import_no_compiler() -> None:
    code = """
import sys, torch
from logire.ground.adamw import AdamW, Group
from logire.ground.runtime import seed_torch
seed_torch(1, "test")
assert torch.are_deterministic_algorithms_enabled()
assert torch.is_deterministic_algorithms_warn_only_enabled()
p = torch.nn.Parameter(torch.ones(3))
p.sum().backward()
torch.nn.utils.clip_grad_norm_([p], 1.0)
AdamW([Group([p], 0.1)]).step()
assert "torch._dynamo" not in sys.modules
assert "torch._inductor" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
