"""The backbone by itself, LogiRE and LogiRE+ as they take part in a trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from logire.corpus.document import BoolArray
from logire.corpus.dump import dev_threshold
from logire.ground.runtime import derive_seed
from logire.ground.settings import settings_from
from logire.rules.methods import find
from logire.trial.task import Decide, Method, Scored, Task, averaged, by_threshold, mixed, part, reaching

BACKBONE = "backbone"
PLUS = "logire_plus"
"""The methods that all others are compared with."""


def _backbone(task: Task) -> Decide:
    return by_threshold(lambda split: split.documents, task.dev)


def _fitted(method: str, *, out_of_fold: bool = True, **settings: Any) -> Callable[[Task], Decide]:
    """Fit one of the package's own methods with its defaults but for ``settings``."""

    def fit(task: Task) -> Decide:
        kind = find(method).load()
        model = kind(task.schema, settings_from(kind.Settings, settings, where=method), seed=task.seed)
        model.fit(task.train if out_of_fold else task.seen, task.dev.documents)

        def decide(split: Scored) -> list[BoolArray]:
            return reaching(model.scores(split.documents), model.fitted.theta)

        return decide

    return fit


NO_RULES: dict[str, Any] = {"rules_per_query": 0, "open_rules": 0, "closure": [0.0]}
"""The settings of LogiRE+ with its context features and the pair's own logit, and no other rule."""


def _learning_from_dev(task: Task) -> Decide:
    """LogiRE+ that takes half of dev, drawn by the seed, to its training documents and makes its choices on the rest.

    A backbone's own training has read no dev labels, so dev's logits are out of fold.
    """
    order = np.random.default_rng(derive_seed(task.seed, "dev to learn from")).permutation(len(task.dev.documents))
    learnt, kept = (part(task.dev, np.sort(half)) for half in np.array_split(order, 2))
    return _fitted(PLUS)(replace(task, train=[*task.train, *learnt.documents], dev=kept))


def _on_the_mean(task: Task) -> Decide:
    """LogiRE+ whose documents have the mean logits of all backbones; training ones keep the out-of-fold logits."""
    decide = _fitted(PLUS)(replace(task, dev=replace(task.dev, documents=averaged(task.dev))))
    return lambda split: decide(replace(split, documents=averaged(split)))


SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""What share of a mixture the full backbone may have."""


def _on_a_mixture(task: Task) -> Decide:
    """LogiRE+ on several dumps with a weight each: the share with the best dev F1 of the mixed logits by themselves.

    The folds' backbones are each other's equals and share the rest. A training document has one dump that has not
    seen it, so only dev can tell the shares.
    """
    if not task.dev.folds:
        return _fitted(PLUS)(task)
    share = max(SHARES, key=lambda found: dev_threshold(mixed(task.dev, found)).f1)
    decide = _fitted(PLUS)(replace(task, dev=replace(task.dev, documents=mixed(task.dev, share))))
    return lambda split: decide(replace(split, documents=mixed(split, share)))


_PAPER = "Ru et al. 2021"
_OURS = "this package"

OWN = (
    Method(BACKBONE, "backbone", "its logits and their dev threshold", _backbone),
    Method("logire", "LogiRE", f"{_PAPER}, in-sample logits", _fitted("logire", out_of_fold=False)),
    Method("logire_out_of_fold", "LogiRE, out of fold", f"{_PAPER}, out-of-fold logits", _fitted("logire")),
    Method(PLUS, "LogiRE+", _OURS, _fitted(PLUS)),
    Method("no_chains", "LogiRE+, no chains", _OURS, _fitted(PLUS, max_length=1, closure_length=1)),
    Method("no_context", "LogiRE+, no context", _OURS, _fitted(PLUS, context=[])),
    Method("closed", "LogiRE+, closed rules alone", _OURS, _fitted(PLUS, open_rules=0, context=[])),
    Method("consistent", "LogiRE+, consistent", _OURS, _fitted(PLUS, consistency=[0.9, 0.98])),
    Method("on_the_mean", "LogiRE+ on the mean of all", _OURS, _on_the_mean),
    Method("on_a_mixture", "LogiRE+ on a mixture of all", _OURS, _on_a_mixture),
    Method("half_of_dev", "LogiRE+, learning from half of dev", _OURS, _learning_from_dev),
    Method("context_alone", "Context alone, no rules", _OURS, _fitted(PLUS, **NO_RULES)),
)
