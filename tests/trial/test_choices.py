"""Choices of rivals that decide by a programme."""

from __future__ import annotations

import numpy as np
import pytest
from trial_builders import scored_document

from logire.rules.joint import decide
from logire.trial.choices import best_on, facts_of
from logire.trial.task import f1


def test_f1_by_hand_and_the_first_of_equal_options() -> None:
    document = scored_document([0, 1], [(0, 0, 1), (0, 1, 1), (1, 2, 0)])
    decided = np.zeros_like(document.labels)
    decided[0, 1, 0] = decided[1, 0, 0] = True
    assert f1([decided], [document]) == 2 * 1 / (2 + 3)
    everything = {"none": np.zeros_like(decided), "half": decided, "same": decided}
    assert best_on([document], ["none", "half", "same"], lambda name: [everything[name]]) == "half"


def test_what_is_not_proved_is_said(caplog: pytest.LogCaptureFixture) -> None:
    gains = np.full((2, 2, 2), 1.0)
    decided = decide(gains, [], lambda facts: [])
    list(facts_of([decided, decided]))
    assert not caplog.records
    list(facts_of([decided._replace(unproved=2), decided._replace(unproved=1)]))
    assert "3 components" in caplog.text
