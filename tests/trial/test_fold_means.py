"""The controls that average backbones."""

from __future__ import annotations

import numpy as np
import pytest
from trial_builders import SCHEMA, scored_document, with_logits

from logire.ground.errors import InputError
from logire.trial.rivals.folds import RIVALS, mean_of_all, mean_of_folds
from logire.trial.task import Scored, Task

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
