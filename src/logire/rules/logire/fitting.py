"""M-step of the generator: exact expected cross-entropy of a weighted rule table, no sampling (paper, L_G).

    loss(theta) = - sum_q sum_rule table[q][rule] log AutoReg_theta(rule | q)

Summed over the prefix forest: next-symbol weights at a prefix are the weights of the rules that go on that way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from logire.ground.adamw import AdamW, Group
from logire.ground.errors import LogireError
from logire.ground.runtime import derive_seed, seed_torch
from logire.rules.logire.forest import Forest
from logire.rules.logire.generator import RuleGenerator
from logire.rules.mining import RuleTable


@dataclass(frozen=True)
class _Batch:
    """Some query types' forest and the weight of each (prefix, next symbol)."""

    forest: Forest
    node: Tensor
    atom: Tensor
    weight: Tensor
    queries: int


def fit_generator(
    generator: RuleGenerator,
    table: RuleTable,
    *,
    epochs: int,
    learning_rate: float,
    batch: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Fit the generator to a table whose weights sum to 1 a query type, from its current parameters.

    Adam; the learning rate rises over the first 5% of the steps and falls to a tenth of its peak by a cosine. What
    dropout draws follows from ``seed`` alone, so that a fit that goes on from a checkpoint draws the same.

    Args:
        progress: called after each epoch with its mean loss.

    Returns:
        The mean over query types of KL(table || AutoReg) after the fit, in nats.

    Raises:
        LogireError: the loss is no longer finite.
    """
    shuffle = np.random.default_rng(derive_seed(seed, "generator batches"))
    order = shuffle.permutation(len(table))
    batches = [
        _batch(generator, table, sorted(int(q) for q in order[i : i + batch])) for i in range(0, len(order), batch)
    ]
    optimizer = AdamW([Group(list(generator.parameters()), learning_rate)])  # without decay: Adam
    steps, step = epochs * len(batches), 0
    warm = max(1, steps // 20)
    generator.train()
    if generator.dropout:
        seed_torch(seed, "generator dropout")
    for epoch in range(epochs):
        total = 0.0
        for number in shuffle.permutation(len(batches)):
            share = min(1.0, (step + 1) / warm) * (0.55 + 0.45 * math.cos(math.pi * step / steps))
            part = batches[number]
            loss = _cross_entropy(generator, part)
            if not torch.isfinite(loss):
                raise LogireError(f"the rule generator diverged in epoch {epoch + 1}: lower its learning rate")
            optimizer.zero_grad()
            (loss / part.queries).backward()
            torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimizer.step(share)
            total += float(loss.detach())
            step += 1
        if progress is not None:
            progress(total / len(table))
    generator.eval()
    return divergence(generator, batches, table)


@torch.no_grad()
def divergence(generator: RuleGenerator, batches: list[_Batch], table: RuleTable) -> float:
    """Mean over query types of KL(table || AutoReg), in nats."""
    cross = sum(float(_cross_entropy(generator, part)) for part in batches)
    entropy = -sum(w * math.log(w) for rules in table for w in rules.values() if w > 0.0)
    return (cross - entropy) / len(table)


def _cross_entropy(generator: RuleGenerator, part: _Batch) -> Tensor:
    log_probs = generator(part.forest)
    device = log_probs.device
    picked: Tensor = log_probs[part.node.to(device), part.atom.to(device)]
    return -(picked * part.weight.to(device)).sum()


def _batch(generator: RuleGenerator, table: RuleTable, queries: list[int]) -> _Batch:
    symbols = {q: [(generator.symbols(body), weight) for body, weight in table[q].items()] for q in queries}
    prefixes = ((q, [written[:-1] for written, _ in symbols[q]]) for q in queries)
    forest = Forest.of(prefixes, generator.begin, generator.max_length)
    weights: dict[tuple[int, int], float] = {}
    for q in queries:
        for written, weight in symbols[q]:
            for k, symbol in enumerate(written):
                key = forest.number[q, written[:k]], symbol
                weights[key] = weights.get(key, 0.0) + weight
    pairs = sorted(weights)
    return _Batch(
        forest=forest,
        node=torch.tensor([node for node, _ in pairs], dtype=torch.long),
        atom=torch.tensor([atom for _, atom in pairs], dtype=torch.long),
        weight=torch.tensor([weights[pair] for pair in pairs], dtype=torch.float32),
        queries=len(queries),
    )
