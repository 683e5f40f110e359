"""The EM loop (paper, section 3.3 and algorithm 1).

The generator first learns the mined rule table. Then, in every iteration: draw z from the generator; M-step of the
extractor on z; score the development split; E-step, the posterior over z; and, opening the next iteration, M-step of
the generator on the posterior. The iteration with the best development F1 is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from logire.ground.runtime import derive_seed
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.logire.extraction import first_extractor, fit_extractor
from logire.rules.logire.fitting import fit_generator
from logire.rules.logire.generator import RuleGenerator, draw_rules, new_generator
from logire.rules.logire.posterior import as_table, mixed, posterior
from logire.rules.logire.settings import LogiRESettings
from logire.rules.logire.state import EMState, Iteration
from logire.rules.mining import RuleTable, explored, mine
from logire.rules.model import History, Report, ignore, silent
from logire.rules.queries import Body, Problem, RuleSet


def learn(
    problem: Problem,
    settings: LogiRESettings,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Path | None = None,
    report: Report = silent,
    log: Callable[[History], None] = ignore,
) -> tuple[Iteration, History]:
    """Run EM.

    Args:
        checkpoint: a file that keeps the last and the best iteration; a run that was cut off goes on from it, and
            ends with the same bytes. A checkpoint of other data, settings or seed is not used.
        report: told of each iteration as it starts.
        log: given the history so far after each iteration.

    Returns:
        The iteration with the best dev F1, and the history. A row has ``iteration``, ``dev_f1`` (0 to 1), ``theta``,
        ``log_loss`` (the extractor's, a training instance), ``rules``, ``bodies`` (distinct ones) and
        ``generator_kl`` (the generator's divergence from its target, in nats).
    """
    schema, queries = problem.schema, problem.queries
    splits = Split.of(problem.train, queries, self_pairs=settings.self_pairs), Split.of(problem.dev, queries)
    generator = new_generator(schema, queries, settings, seed, device)
    key = _fingerprint(problem, settings, seed)
    state = EMState.load(checkpoint, key, schema, queries) if checkpoint is not None else None
    if state is not None:
        generator.load_state_dict({name: torch.from_numpy(value) for name, value in state.last.generator.items()})
    for iteration in range(state.last.number + 1 if state else 1, settings.iterations + 1):
        if state is not None and _patience_is_over(state.history, settings.patience):
            break
        report("EM iteration", iteration - 1, settings.iterations)
        step = derive_seed(seed, "iteration", iteration)
        if state is not None and settings.reset_generator:
            generator = new_generator(schema, queries, settings, step, device)
        table = _target(state, settings) if state else _mined(problem, settings)
        # Only the first fit explores: the momentum mixes the posterior with the mined table as it is.
        kl = fit_generator(
            generator,
            table if state else explored(table, settings.exploration),
            epochs=settings.update_epochs if state else settings.generator_epochs,
            learning_rate=settings.update_learning_rate if state else settings.generator_learning_rate,
            batch=settings.generator_batch,
            seed=step,
        )
        last, row = _extract(splits, generator, settings, iteration, step, state.last if state else None)
        history = [*(state.history if state else []), row | {"generator_kl": kl}]
        best = state.best if state and state.best.dev_f1 >= last.dev_f1 else last
        state = EMState(last, best, history, table)
        if checkpoint is not None:
            state.save(checkpoint, key)
        log(history)
    report("EM iteration", settings.iterations, settings.iterations)
    assert state is not None
    return state.best, state.history


def _mined(problem: Problem, settings: LogiRESettings) -> RuleTable:
    return mine(problem.train, problem.queries, settings.max_length, self_relations=settings.self_relations)


def _target(state: EMState, settings: LogiRESettings) -> RuleTable:
    """What the generator learns next: the last posterior, or the target before mixed with it."""
    table = as_table(state.last.rules, state.last.posterior)
    return mixed(state.table, table, settings.momentum) if settings.target == "momentum" else table


def _extract(
    splits: tuple[Split, Split],
    generator: RuleGenerator,
    settings: LogiRESettings,
    number: int,
    step: int,
    last: Iteration | None,
) -> tuple[Iteration, dict[str, float]]:
    """Draw z, fit the extractor, score dev, and take the posterior."""
    train, dev = splits
    rules = draw_rules(generator, train.queries, settings, step)
    grounded, dev_grounded = train.ground(rules), dev.ground(rules)
    unseen = settings.unseen_types == "backbone"
    start = first_extractor(rules, settings, step)
    if last is not None and not settings.reset_extractor:
        start = carried_over(last, start, rules)

    def judge(found: Extractor) -> float:
        return dev.ign_f1_logire(found.scores(dev_grounded), unseen=unseen)

    extractor = fit_extractor(start, grounded, settings, step, judge if settings.extractor_epoch == "best" else None)
    theta, f1 = dev.threshold(extractor.scores(dev_grounded), unseen=unseen)
    parameters = {name: value.detach().cpu().numpy().copy() for name, value in generator.state_dict().items()}
    row = {
        "iteration": number,
        "dev_f1": f1,
        "theta": theta,
        "log_loss": extractor.log_loss(grounded),
        "rules": len(rules),
        "bodies": len(set(rules.bodies)),
    }
    weights = posterior(extractor, grounded, settings, step)
    return Iteration(number, parameters, rules, extractor, weights, theta, f1), row


def carried_over(last: Iteration, start: Extractor, rules: RuleSet) -> Extractor:
    """An extractor for new rules that starts from the old ones' weights; rules without any keep those of ``start``."""
    old: dict[tuple[int, Body], float] = {
        (int(q), body): float(w)
        for q, body, w in zip(last.rules.query_of_rule, last.rules.bodies, last.extractor.weights, strict=True)
    }
    weights = [
        old.get((int(q), body), float(first))
        for q, body, first in zip(rules.query_of_rule, rules.bodies, start.weights, strict=True)
    ]
    return Extractor(last.extractor.bias.copy(), np.array(weights), last.extractor.residual.copy())


def _patience_is_over(history: list[dict[str, float]], patience: int) -> bool:
    f1 = [row["dev_f1"] for row in history]
    return patience > 0 and len(f1) - 1 - int(np.argmax(f1)) >= patience


def _fingerprint(problem: Problem, settings: LogiRESettings, seed: int) -> str:
    """What a checkpoint belongs to: documents, logits, labels and which are known, settings and seed."""
    digest = hashlib.sha256(json.dumps([settings.model_dump(), seed]).encode())
    for document in (*problem.train, *problem.dev):
        digest.update(document.title.encode())
        digest.update(np.ascontiguousarray(document.logits).tobytes())
        digest.update(np.packbits(document.labels).tobytes())
        digest.update(np.packbits(document.in_train).tobytes())
    return digest.hexdigest()
