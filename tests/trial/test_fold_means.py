"""The controls that average backbones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from trial_builders import SCHEMA, scored_document, with_logits

from logire.ground.errors import InputError
from logire.trial.own import OWN
from logire.trial.rivals.folds import RIVALS, mean_of_all, mean_of_folds
from logire.trial.task import Decide, Scored, Task, mixed

LABELLED = scored_document([0, 1], [(0, 0, 1)], -5.0)


def three_backbones() -> Scored:
    """capital(e0, e1) is labelled; logits 0, 2 and 4 for it, and 3, 1, 1 for the wrong in(e0, e1)."""
    first, second, third = (
        with_logits(LABELLED, {(0, 0, 1): right, (0, 1, 1): wrong}) for right, wrong in ((0, 3), (2, 1), (4, 1))
    )
    return Scored([first], ([second], [third]))


def test_the_means_are_those_of_the_logits() -> None:
    (folds,), (everyone,) = mean_of_folds(three_backbones()), mean_of_all(three_backbones())
    assert folds.logits[0, 1, :2].tolist() == [3.0, 1.0]
    np.testing.assert_allclose(everyone.logits[0, 1, :2], [2.0, 5 / 3], rtol=1e-6)


def test_the_folds_right_a_backbone_that_is_wrong() -> None:
    """Alone the backbone puts the wrong fact first; both means put the labelled one first and cut below it."""
    task = Task(SCHEMA, [LABELLED], [LABELLED], three_backbones(), seed=0)
    for method in RIVALS:
        (decided,) = method.fit(task)(three_backbones())
        assert np.argwhere(decided).tolist() == [[0, 1, 0]], method.name


def test_without_folds_the_controls_say_so() -> None:
    bare = Scored([LABELLED])
    for method in RIVALS:
        with pytest.raises(InputError, match="no logits of fold backbones"):
            method.fit(Task(SCHEMA, [LABELLED], [LABELLED], bare, seed=0))
        decide = method.fit(Task(SCHEMA, [LABELLED], [LABELLED], three_backbones(), seed=0))
        with pytest.raises(InputError, match="no logits of fold backbones"):
            decide(bare)


def test_a_mixture_weighs_the_backbone_and_evenly_the_folds() -> None:
    (found,) = mixed(three_backbones(), 0.4)
    np.testing.assert_allclose(found.logits[0, 1, :2], [0.4 * 0 + 0.6 * 3, 0.4 * 3 + 0.6 * 1], rtol=1e-6)
    (alone,), (folds,) = mixed(three_backbones(), 1.0), mixed(three_backbones(), 0.0)
    assert alone.logits[0, 1, :2].tolist() == [0.0, 3.0]
    assert folds.logits[0, 1, :2].tolist() == [3.0, 1.0]


def test_the_share_of_a_mixture_is_that_with_the_best_dev_f1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone the backbone puts the wrong fact first: of 0.4 and less, where the mixture does not, the first is taken."""
    seen: list[Task] = []

    def fitted(_: str) -> Callable[[Task], Decide]:
        def fit(given: Task) -> Decide:
            seen.append(given)
            return lambda split: [d.logits > 0 for d in split.documents]

        return fit

    monkeypatch.setattr("logire.trial.own._fitted", fitted)
    [method] = [method for method in OWN if method.name == "on_a_mixture"]
    [decided] = method.fit(Task(SCHEMA, [LABELLED], [LABELLED], three_backbones(), seed=0))(three_backbones())
    expected = mixed(three_backbones(), 0.0)[0].logits
    np.testing.assert_array_equal(seen[0].dev.documents[0].logits, expected)
    np.testing.assert_array_equal(decided, expected > 0)
    flipped = replace(three_backbones(), documents=three_backbones().folds[1], folds=(three_backbones().documents,))
    method.fit(Task(SCHEMA, [LABELLED], [LABELLED], flipped, seed=0))
    # the fold alone is wrong; 0.2 * 4 < 0.2 * 1 + 0.8 * 3, and so on until 0.6 * 4 > 0.6 * 1 + 0.4 * 3
    np.testing.assert_array_equal(seen[1].dev.documents[0].logits, mixed(flipped, 0.6)[0].logits)
