"""Attention of single queries to a few keys each, which are picked from a table (numba kernels on a CPU).

In a forest of prefixes every query has keys of its own, at most ``max_length`` or the three tokens of its query type.
As dense products these are thousands of tiny ones with a copy of each key; the kernels read the keys where they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from logire.rules.kernels import kernel


def attend(query: Tensor, key_value: Tensor, rows: Tensor, picked: Tensor, heads: int) -> Tensor:
    """Multi-head attention.

    Args:
        query: (any, H). key_value: (any, 2H), keys before values.
        rows: (n,) the row of ``query`` that each output is of.
        picked: (n, k) the rows of ``key_value`` that it attends to, one at least, then -1.

    Returns:
        (n, H)
    """
    if query.device.type == "cpu" and query.dtype == torch.float32:
        result: Tensor = _Attend.apply(query, key_value, rows, picked, heads)  # type: ignore[no-untyped-call]
        return result
    return attend_densely(query, key_value, rows, picked, heads)


def attend_densely(query: Tensor, key_value: Tensor, rows: Tensor, picked: Tensor, heads: int) -> Tensor:
    """:func:`attend` for any device and number type."""
    n, k = picked.shape
    key, value = key_value[picked.clamp(min=0)].view(n, k, 2, heads, -1).unbind(2)
    weight = torch.einsum("nad,nkad->nak", query[rows].view(n, heads, -1), key) / key.shape[-1] ** 0.5
    weight = weight.masked_fill((picked < 0)[:, None, :], -torch.inf)
    return torch.einsum("nak,nkad->nad", weight.softmax(-1), value).reshape(n, -1)


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key_value: Tensor, rows: Tensor, picked: Tensor, heads: int) -> Tensor:
        n, k = picked.shape
        query, key_value = query.contiguous(), key_value.contiguous()
        out, weight = query.new_empty(n, query.shape[1]), query.new_zeros(n, heads, k)
        _forward(*map(_array, (query, key_value, rows, picked, weight, out)))
        ctx.save_for_backward(query, key_value, rows, picked, weight)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        query, key_value, rows, picked, weight = ctx.saved_tensors
        of_query, of_key_value = torch.zeros_like(query), torch.zeros_like(key_value)
        _backward(
            *map(_array, (query, key_value, rows, picked, weight, slope.contiguous(), of_query, of_key_value)),
        )
        return of_query, of_key_value, None, None, None


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    return tensor.detach().numpy()


@kernel(any_order=True)
def _forward(query, key_value, rows, picked, weight, out):  # type: ignore[no-untyped-def]
    """``weight`` (n, heads, k) and ``out`` (n, H) are written; ``weight`` is zero at first."""
    hidden = out.shape[1]
    heads, most = weight.shape[1:]
    size = hidden // heads
    scale = np.float32(1.0 / np.sqrt(size))
    for n in range(len(rows)):
        asking = query[rows[n]]
        found = 0
        while found < most and picked[n, found] >= 0:
            found += 1
        for head in range(heads):
            part = asking[head * size : (head + 1) * size]
            share = weight[n, head]
            highest = np.float32(-np.inf)
            for k in range(found):
                key = key_value[picked[n, k], head * size : (head + 1) * size]
                score = np.float32(0.0)
                for i in range(size):
                    score += part[i] * key[i]
                share[k] = score * scale
                highest = max(highest, share[k])
            total = np.float32(0.0)
            for k in range(found):
                share[k] = np.exp(share[k] - highest)
                total += share[k]
            result = out[n, head * size : (head + 1) * size]
            result[:] = 0.0
            for k in range(found):
                share[k] /= total
                value = key_value[picked[n, k], hidden + head * size : hidden + (head + 1) * size]
                for i in range(size):
                    result[i] += share[k] * value[i]


@kernel(any_order=True)
def _backward(query, key_value, rows, picked, weight, slope, of_query, of_key_value):  # type: ignore[no-untyped-def]
    """Add the gradients to ``of_query`` and ``of_key_value``; ``slope`` (n, H) is that of the output."""
    hidden = slope.shape[1]
    heads, most = weight.shape[1:]
    size = hidden // heads
    scale = np.float32(1.0 / np.sqrt(size))
    of_share = np.empty(most, dtype=np.float32)
    for n in range(len(rows)):
        found = 0
        while found < most and picked[n, found] >= 0:
            found += 1
        for head in range(heads):
            first, last = head * size, (head + 1) * size
            above = slope[n, first:last]
            share = weight[n, head]
            mean = np.float32(0.0)
            for k in range(found):
                value = key_value[picked[n, k], hidden + first : hidden + last]
                of_value = of_key_value[picked[n, k], hidden + first : hidden + last]
                product = np.float32(0.0)
                for i in range(size):
                    product += above[i] * value[i]
                    of_value[i] += share[k] * above[i]
                of_share[k] = product
                mean += share[k] * product
            part, of_part = query[rows[n], first:last], of_query[rows[n], first:last]
            for k in range(found):
                rise = share[k] * (of_share[k] - mean) * scale
                key = key_value[picked[n, k], first:last]
                of_key = of_key_value[picked[n, k], first:last]
                for i in range(size):
                    of_part[i] += rise * key[i]
                    of_key[i] += rise * part[i]
