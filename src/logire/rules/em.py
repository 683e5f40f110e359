"""The EM loop (paper, section 3.3 and algorithm 1).

The generator first learns the mined rule table. Then, in every iteration: draw z from the generator; M-step of the
extractor on z; score the development split; E-step, the posterior over z; and, opening the next iteration, M-step of
the generator on the posterior. The iteration with the best development F1 is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.runtime import derive_seed, seed_torch
from logire.ground.thresholds import best_threshold
from logire.rules.extractor import Extractor, fit_extractor, log_loss
from logire.rules.fitting import fit_generator
from logire.rules.generator import RuleGenerator
from logire.rules.grounding import AtomScores, Features, ground
from logire.rules.learnt import EMState, Learnt
from logire.rules.mining import RuleTable, mine
from logire.rules.posterior import as_table, mixed, posterior
from logire.rules.queries import Body, Instances, QueryTypes
from logire.rules.ruleset import RuleSet
from logire.rules.settings import LogiRESettings

Report = Callable[[str, int, int], None]
"""Called as report(what, done, total) on long steps."""


def silent(what: str, done: int, total: int) -> None:
    """Report nothing."""


History = list[dict[str, float]]
"""One row an iteration: iteration, dev_f1 (0 to 1), theta, log_loss (the extractor's, a training instance), rules,
bodies (distinct ones), generator_kl (its divergence from its target, in nats)."""


def ignore(history: History) -> None:
    """Log nothing."""


@dataclass(frozen=True)
class Split:
    """A split's documents, the instances of the query types in them, and the atoms' probabilities."""

    documents: Sequence[ScoredDocument]
    instances: Instances
    atoms: AtomScores

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], queries: QueryTypes) -> Split:
        return cls(documents, Instances.of(documents, queries), AtomScores.of(documents, queries))

    def ground(self, rules: RuleSet, queries: QueryTypes) -> Features:
        return ground(self.atoms, self.instances, rules, queries)


def learn(
    train: Sequence[ScoredDocument],
    dev: Sequence[ScoredDocument],
    schema: Schema,
    queries: QueryTypes,
    settings: LogiRESettings,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Path | None = None,
    report: Report = silent,
    log: Callable[[History], None] = ignore,
) -> tuple[Learnt, History]:
    """Run EM.

    Args:
        checkpoint: a file that keeps the last and the best iteration; a run that was cut off goes on from it, and
            ends with the same bytes. A checkpoint of other data, settings or seed is not used.
        report: told of each iteration as it starts.
        log: given the history so far after each iteration.

    Returns:
        The iteration with the best dev F1, and the history.
    """
    splits = Split.of(train, queries), Split.of(dev, queries)
    generator = new_generator(schema, queries, settings, seed, device)
    key = _fingerprint(train, dev, settings, seed)
    state = EMState.load(checkpoint, key) if checkpoint is not None else None
    if state is not None:
        generator.load_state_dict(state.last.generator)
    for iteration in range(state.last.iteration + 1 if state else 1, settings.iterations + 1):
        if state is not None and _patience_is_over(state.history, settings.patience):
            break
        report("EM iteration", iteration - 1, settings.iterations)
        step = derive_seed(seed, "iteration", iteration)
        if state is not None and settings.reset_generator:
            generator = new_generator(schema, queries, settings, step, device)
        table = _target(state, settings) if state else mine(train, queries, settings.max_length)
        kl = fit_generator(
            generator,
            table,
            epochs=settings.update_epochs if state else settings.generator_epochs,
            learning_rate=settings.update_learning_rate if state else settings.generator_learning_rate,
            batch=settings.generator_batch,
            seed=step,
        )
        last, row = _extract(splits, generator, queries, settings, iteration, step, state.last if state else None)
        history = [*(state.history if state else []), row | {"generator_kl": kl}]
        best = state.best if state and state.best.dev_f1 >= last.dev_f1 else last
        state = EMState(last, best, history, table)
        if checkpoint is not None:
            state.save(checkpoint, key)
        log(history)
    report("EM iteration", settings.iterations, settings.iterations)
    assert state is not None
    return state.best, state.history


def _target(state: EMState, settings: LogiRESettings) -> RuleTable:
    """What the generator learns next: the last posterior, or the target before mixed with it."""
    table = as_table(state.last.rules, state.last.posterior)
    return mixed(state.table, table, settings.momentum) if settings.target == "momentum" else table


def _extract(
    splits: tuple[Split, Split],
    generator: RuleGenerator,
    queries: QueryTypes,
    settings: LogiRESettings,
    iteration: int,
    step: int,
    last: Learnt | None,
) -> tuple[Learnt, dict[str, float]]:
    """Draw z, fit the extractor, score dev, and take the posterior."""
    train, dev = splits
    rules = draw_rules(generator, queries, settings, step)
    features = train.ground(rules, queries)
    start = Extractor.zeros(rules)
    if last is not None and not settings.reset_extractor:
        start = carried_over(last, rules)
    extractor = fit_extractor(start, features, rules, train.instances, settings, step)
    loss = log_loss(extractor, features, rules, train.instances)
    weights = posterior(extractor, features, rules, train.instances, settings, step)
    # in float32, as predictions are: the threshold is one of these very scores
    scores = extractor.scores(dev.ground(rules, queries), rules, dev.instances).astype(np.float32)
    scores, labels = with_unseen(scores, dev.instances.labels, dev.documents, queries, settings)
    theta, f1 = best_threshold(scores, labels, gold=dev.instances.gold)
    state = {name: value.detach().cpu().clone() for name, value in generator.state_dict().items()}
    learnt = Learnt(iteration, state, rules, extractor, weights, theta, f1)
    row = {
        "iteration": iteration,
        "dev_f1": f1,
        "theta": theta,
        "log_loss": loss,
        "rules": len(rules),
        "bodies": len(set(rules.bodies)),
    }
    return learnt, row


def draw_rules(generator: RuleGenerator, queries: QueryTypes, settings: LogiRESettings, seed: int) -> RuleSet:
    """z: N rules drawn for every query type, with their log priors; the identity rule kept as the settings say."""
    counts = generator.sample(settings.rules_per_query, queries, np.random.default_rng(derive_seed(seed, "rules")))
    if settings.identity_rule == "always":
        for q, (relation, _, _) in enumerate(queries.triples):
            counts[q].setdefault((int(relation),), 0)
    return RuleSet.of(counts, generator.log_prob(counts, queries))


def carried_over(last: Learnt, rules: RuleSet) -> Extractor:
    """An extractor for new rules that starts from the old ones' weights; new rules start at 0."""
    old: dict[tuple[int, Body], float] = {
        (int(q), body): float(w)
        for q, body, w in zip(last.rules.query_of_rule, last.rules.bodies, last.extractor.weights, strict=True)
    }
    weights = [old.get((int(q), body), 0.0) for q, body in zip(rules.query_of_rule, rules.bodies, strict=True)]
    return Extractor(last.extractor.bias.copy(), np.array(weights), last.extractor.residual.copy())


def with_unseen(
    scores: npt.NDArray[np.float32],
    labels: npt.NDArray[np.bool_],
    documents: Sequence[ScoredDocument],
    queries: QueryTypes,
    settings: LogiRESettings,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Add the candidates of no query type with the backbone's logit, where ``unseen_types`` is ``backbone``."""
    if settings.unseen_types == "reject":
        return scores, labels
    more_scores, more_labels = [scores], [labels]
    for document in documents:
        unseen = unseen_mask(document, queries)
        more_scores.append(document.logits[unseen])
        more_labels.append(document.labels[unseen])
    return np.concatenate(more_scores), np.concatenate(more_labels)


def unseen_mask(document: ScoredDocument, queries: QueryTypes) -> npt.NDArray[np.bool_]:
    """(N, N, R) candidates h != t whose (relation, head type, tail type) is no query type."""
    unseen = queries.index[:, document.types[:, None], document.types[None, :]].transpose(1, 2, 0) < 0
    n = len(document.types)
    unseen[np.arange(n), np.arange(n)] = False
    return unseen


def new_generator(
    schema: Schema, queries: QueryTypes, settings: LogiRESettings, seed: int, device: torch.device
) -> RuleGenerator:
    """A generator before it has learnt anything."""
    seed_torch(seed, "generator")
    return RuleGenerator(len(schema.relations), len(schema.types), queries.triples, settings).to(device)


def _patience_is_over(history: list[dict[str, float]], patience: int) -> bool:
    f1 = [row["dev_f1"] for row in history]
    return patience > 0 and len(f1) - 1 - int(np.argmax(f1)) >= patience


def _fingerprint(
    train: Sequence[ScoredDocument], dev: Sequence[ScoredDocument], settings: LogiRESettings, seed: int
) -> str:
    """What a checkpoint belongs to: documents, logits, labels, settings and seed."""
    digest = hashlib.sha256(json.dumps([settings.model_dump(), seed]).encode())
    for document in (*train, *dev):
        digest.update(document.title.encode())
        digest.update(np.ascontiguousarray(document.logits).tobytes())
        digest.update(np.packbits(document.labels).tobytes())
    return digest.hexdigest()
