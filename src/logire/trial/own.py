"""The backbone by itself, LogiRE and LogiRE+ as they take part in a trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logire.corpus.document import BoolArray
from logire.ground.settings import settings_from
from logire.rules.context import FEATURES
from logire.rules.methods import find
from logire.trial.task import Decide, Method, Scored, Task, by_threshold, reaching

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


_PAPER = "Ru et al. 2021"
_OURS = "this package"

OWN = (
    Method(BACKBONE, "backbone", "its logits and their dev threshold", _backbone),
    Method("logire", "LogiRE", f"{_PAPER}, in-sample logits", _fitted("logire", out_of_fold=False)),
    Method("logire_out_of_fold", "LogiRE, out of fold", f"{_PAPER}, out-of-fold logits", _fitted("logire")),
    Method(PLUS, "LogiRE+", _OURS, _fitted(PLUS)),
    Method("no_chains", "LogiRE+, no chains", _OURS, _fitted(PLUS, max_length=1, closure_length=1)),
    Method("context", "LogiRE+ with context", _OURS, _fitted(PLUS, context=list(FEATURES))),
    Method("closed", "LogiRE+, closed rules alone", _OURS, _fitted(PLUS, open_rules=0)),
)
