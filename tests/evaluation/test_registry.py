"""A metric is one function: registering it brings it into metrics files, their breakdowns and the terminal."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from evaluation_builders import SCHEMA, named
from rich.console import Console

from logire.corpus.gold import GoldRule
from logire.corpus.predictions import Prediction
from logire.evaluation import metrics
from logire.evaluation.files import metrics_file, render
from logire.evaluation.scoring import evaluate
from logire.evaluation.significance import paired_bootstrap
from logire.ground.errors import InputError


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the registry for one test."""
    monkeypatch.setattr(metrics, "_METRICS", dict(metrics._METRICS))


def result() -> dict:
    # Gold: a(0,1), b(1,0). Predicted: a(0,1), a(1,0), c(0,1).
    document = named("d", ["P", "Q"], [(0, "a", 1), (1, "b", 0)])
    predictions = [Prediction("d", 0, "a", 1), Prediction("d", 1, "a", 0), Prediction("d", 0, "c", 1)]
    evaluation = evaluate(predictions, [document], SCHEMA, {}, [GoldRule("b", ("~a",))])
    return metrics_file(
        evaluation,
        "test",
        corpus="toy",
        synthetic=True,
        data_digest=None,
        gold_rules_digest="",
        predictions="p.json",
        predictions_digest="",
        record=None,
    )


def test_a_new_metric_of_facts_is_one_function() -> None:
    @metrics.fact_metric("excess", title="excess")
    def excess(counts: np.ndarray) -> np.ndarray:
        """Facts predicted beyond the number labelled."""
        return (counts[..., 1] - counts[..., 0]).astype(np.float64)

    found = result()
    assert found["excess"] == 1.0
    assert found["per_relation"]["a"]["excess"] == 1.0
    assert found["per_relation"]["b"]["excess"] == -1.0
    assert [group["excess"] for group in found["by_distance"]] == [1.0, 0.0, 0.0, 0.0]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(found))
    heading, row = (
        next(line for line in console.export_text(clear=False).splitlines() if line.strip().startswith(start))
        for start in ("facts", "all")
    )
    assert (heading.split()[-1], row.split()[-1]) == ("excess", "1.00")
    counts = np.array([[[1, 3, 1, 0, 0], [1, 1, 1, 0, 0]]])
    assert paired_bootstrap(np.zeros_like(counts), counts, metrics.find("excess"), samples=10).difference == 2.0


def test_a_new_metric_of_rules_is_one_function() -> None:
    @metrics.rule_metric("broken", title="broken")
    def broken(counts: np.ndarray) -> float | None:
        """Satisfied bodies whose head is missing."""
        return float((counts[:, 0] - counts[:, 1]).sum())

    found = result()
    # b <- ~a: predicted bodies (1,0) and (0,1), neither with its head; labelled body (1,0), with its head.
    assert (found["broken"], found["gold_broken"]) == (2.0, 0.0)
    assert "broken" not in found["by_distance"][0]
    with pytest.raises(InputError, match=r"broken.* has no bootstrap"):
        paired_bootstrap(np.ones((1, 1, 5)), np.ones((1, 1, 5)), metrics.find("broken"))


def test_a_file_that_was_written_before_lacks_the_metric() -> None:
    old = result()
    metrics.fact_metric("late", title="late")(lambda counts: counts[..., 0])
    assert metrics.find("late").of(old) is None
    assert metrics.find("f1").of(old) == old["f1"]
    assert metrics.find("logic").of({"logic": None}) is None


def test_names_and_titles() -> None:
    assert {metric.name: metric.title for metric in metrics.metrics()} == {
        "precision": "precision",
        "recall": "recall",
        "f1": "F1",
        "ign_f1": "ign F1",
        "ign_f1_logire": "ign F1, authors' script",
        "logic": "logic",
    }
    assert [metric.name for metric in metrics.rule_metrics()] == ["logic"]
    # A file has them in this order, and the labels' own logic score beside the predictions'.
    assert [key for key, value in result().items() if isinstance(value, float)] == [
        "precision",
        "recall",
        "f1",
        "ign_f1",
        "ign_f1_logire",
        "logic",
        "gold_logic",
    ]


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="f1"):
        metrics.rule_metric("f1", title="F1")(lambda counts: None)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(InputError, match="precision, recall, f1"):
        metrics.find("f2")


@pytest.mark.parametrize(("module", "heavy"), [("metrics", "torch scipy pandas rich"), ("files", "torch scipy pandas")])
def test_importing_it_is_light(module: str, heavy: str) -> None:
    code = f"import sys, logire.evaluation.{module}; print(*(set('{heavy}'.split()) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
