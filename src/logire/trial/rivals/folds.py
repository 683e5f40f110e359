"""Controls without a rule: averages of several backbones.

LogiRE+ needs out-of-fold logits, so whoever runs it trains a backbone for each fold. These two say how much of a gain
the mean of those backbones gives by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError
from logire.trial.task import Decide, Method, Scored, Task, averaged, by_threshold


def mean_of_folds(split: Scored) -> list[ScoredDocument]:
    """The documents with the mean of the folds' logits; the backbone of all training documents has no part in it.

    Raises:
        InputError: there are no folds.
    """
    _check(split)
    return averaged(Scored(split.folds[0], split.folds[1:]))


def mean_of_all(split: Scored) -> list[ScoredDocument]:
    """The documents with the mean of all backbones' logits, the folds' and that of all training documents.

    Raises:
        InputError: there are no folds.
    """
    _check(split)
    return averaged(split)


def _check(split: Scored) -> None:
    if not split.folds:
        raise InputError(
            "there are no logits of fold backbones to average",
            field="folds",
            remedy="dump the logits of each fold's backbone for dev and test too, or leave these controls out",
        )


def _method(name: str, title: str, mean: Callable[[Scored], Sequence[ScoredDocument]]) -> Method:
    def fit(task: Task) -> Decide:
        return by_threshold(mean, task.dev)

    return Method(name, title, "control: the mean of logits, cut at the dev threshold", fit)


RIVALS = (
    _method("folds_mean", "Mean of fold backbones", mean_of_folds),
    _method("all_mean", "Mean of all backbones", mean_of_all),
)
