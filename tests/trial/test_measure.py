"""Gains, intervals and verdicts of a trial, against hand-worked numbers and draws made one by one."""

from __future__ import annotations

import numpy as np
import pytest

from logire.evaluation.significance import draws, holm
from logire.ground.errors import InputError
from logire.ground.numbers import signed
from logire.ground.runtime import derive_seed
from logire.trial import measure as module
from logire.trial.measure import measure
from logire.trial.record import Counted, Result, Trial
from logire.trial.table import trial_table

Facts = list[list[int]]


def trial(backbone: str, seed: int, facts: dict[str, Facts], *, dataset: str = "made", rules: tuple[int, int] = (4, 2)):
    results = {name: Result(name, 2.0, {"test": Counted(rows, [list(rules)], 0.4)}) for name, rows in facts.items()}
    return Trial(dataset, False, backbone, seed, {}, "0", [], results)


def row(gold: int, predicted: int, correct: int, known: int = 0, known_correct: int = 0) -> list[int]:
    return [gold, predicted, correct, known, known_correct]


def random_trials(seed: int, documents: int = 6) -> list[Trial]:
    rng = np.random.default_rng(seed)

    def facts() -> Facts:
        found = []
        for gold in gold_of_document:
            predicted = int(rng.integers(1, 9))
            found.append(row(int(gold), predicted, int(rng.integers(0, min(gold, predicted) + 1))))
        return found

    gold_of_document = rng.integers(1, 9, documents)
    runs = [("lstm", 1), ("lstm", 2), ("gain", 1), ("lstm", 3)]
    return [trial(b, s, {name: facts() for name in ("backbone", "logire_plus", "rival")}) for b, s in runs]


def f1(rows: Facts, often: np.ndarray) -> float:
    gold, predicted, correct = (sum(w * r[k] for w, r in zip(often, rows, strict=True)) for k in range(3))
    return 200 * correct / (gold + predicted)


def test_a_hand_worked_gain() -> None:
    # F1: backbone 2 * 2 / (4 + 4) = 50%, the rival 2 * 3 / (4 + 4) = 75%; with seed 2 they are equal
    facts = {"backbone": [row(4, 4, 2)], "logire_plus": [row(4, 4, 2)], "rival": [row(4, 4, 3)]}
    same = {"backbone": [row(4, 4, 2)], "logire_plus": [row(4, 4, 2)], "rival": [row(4, 4, 2)]}
    other = {"backbone": [row(4, 4, 2)], "logire_plus": [row(4, 4, 4)], "rival": [row(4, 4, 2)]}
    trials = [trial("lstm", 1, facts), trial("lstm", 2, same), trial("gain", 1, other)]
    backbone, plus, rival = measure(trials)
    assert backbone.overall.f1.difference == 0
    assert rival.of["lstm"].f1.difference == pytest.approx(12.5)  # the mean of 25 and 0
    assert rival.overall.f1.difference == pytest.approx(6.25)  # the mean over the backbones, 12.5 and 0
    assert plus.overall.f1.difference == pytest.approx(25)
    assert (rival.overall.least, plus.overall.least) == (0, 0)
    assert rival.lead is not None
    assert rival.lead.difference == pytest.approx(25 - 6.25)
    assert (backbone.lead, plus.lead, backbone.verdict) == (None, None, None)


def test_ign_f1_and_logic_are_gains_too() -> None:
    # known facts leave the precision: backbone P = (2 - 1) / (4 - 1), R = 1/2; ours P = (4 - 1) / (4 - 1), R = 1
    facts = {"backbone": [row(4, 4, 2, 2, 1)], "logire_plus": [row(4, 4, 4, 2, 1)]}
    _, plus = measure([trial("lstm", 1, facts)])
    precision = 1 / 3
    assert plus.overall.ign_f1 == pytest.approx(100 - 200 * precision * 0.5 / (precision + 0.5))
    assert plus.overall.logic == 0
    assert measure([trial("lstm", 1, facts, rules=(0, 0))])[1].overall.logic is None
    assert (plus.seconds, plus.milliseconds) == (2.0, 400.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_draws_are_of_documents_and_of_seeds_within_a_backbone(monkeypatch, seed: int) -> None:
    monkeypatch.setattr(module, "SAMPLES", 7)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    trials = sorted(random_trials(seed), key=lambda t: (t.backbone, t.seed))
    by_document = draws(derive_seed(5, "trial", "documents"), 6, 7)
    rng = np.random.default_rng(derive_seed(5, "trial", "seeds"))
    often = {"gain": rng.multinomial(1, [1.0], size=7), "lstm": rng.multinomial(3, np.full(3, 1 / 3), size=7)}

    def drawn(name: str, k: int) -> float:
        means = []
        for backbone in ("gain", "lstm"):
            runs = [t.methods[name].splits["test"].facts for t in trials if t.backbone == backbone]
            values = [f1(facts, by_document[k]) for facts in runs]
            means.append(np.average(values, weights=often[backbone][k]))
        return float(np.mean(means))

    gains = [drawn("rival", k) - drawn("backbone", k) for k in range(7)]
    leads = [drawn("logire_plus", k) - drawn("rival", k) for k in range(7)]
    rival = measure(trials, seed=5)[2]
    assert rival.lead is not None
    assert (rival.overall.f1.low, rival.overall.f1.high) == pytest.approx(tuple(np.quantile(gains, [0.025, 0.975])))
    assert (rival.lead.low, rival.lead.high) == pytest.approx(tuple(np.quantile(leads, [0.025, 0.975])))


def test_the_order_of_the_files_does_not_matter() -> None:
    trials = random_trials(3)
    assert measure(trials) == measure(trials[::-1])


def test_verdicts_go_by_the_interval() -> None:
    rng = np.random.default_rng(0)
    documents = [int(n) for n in rng.integers(3, 9, 40)]
    good = [row(n, n, n) for n in documents]
    fair = [row(n, n, n - 1) for n in documents]
    poor = [row(n, n, n - 2) for n in documents]
    facts = {"backbone": poor, "logire_plus": fair, "worse": poor, "better": good, "same": fair}
    found = {measured.name: measured for measured in measure([trial("lstm", s, facts) for s in (1, 2)])}
    assert {name: found[name].verdict for name in ("worse", "better", "same")} == {
        "worse": "wins",
        "better": "loses",
        "same": "ties",
    }
    compared = [found[name] for name in ("worse", "better", "same")]
    assert [m.p_holm for m in compared] == holm([m.lead.p for m in compared if m.lead])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (trial("lstm", 1, {"backbone": [row(1, 1, 1)]}), "two trials of the same"),
        (trial("lstm", 2, {"backbone": [row(1, 1, 1)]}, dataset="else"), "another corpus"),
        (trial("lstm", 2, {"backbone": [row(1, 1, 1)], "closed": [row(1, 1, 1)]}), "other methods"),
    ],
)
def test_trials_that_do_not_go_together_are_refused(other: Trial, message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure([trial("lstm", 1, {"backbone": [row(1, 1, 1)]}), other])


def test_no_trial_and_no_backbone_are_refused() -> None:
    with pytest.raises(InputError, match="no trial"):
        measure([])
    with pytest.raises(InputError, match="backbone itself"):
        measure([trial("lstm", 1, {"rival": [row(1, 1, 1)]})])


def test_the_table_has_a_row_for_every_method_but_the_backbone(tmp_path) -> None:
    trials = random_trials(4)
    files = [tmp_path / f"{t.backbone}{t.seed}.json" for t in trials]
    for file, one in zip(files, trials, strict=True):
        one.write(file)
    measured = measure(trials)
    table = trial_table(measured, trials, files)
    assert [cells[0].text for cells in table.rows] == ["logire_plus", "rival"]
    assert {record["method"] for record in table.records} == {"backbone", "logire_plus", "rival"}
    table.write(tmp_path / "trial")
    text = (tmp_path / "trial.md").read_text()
    assert "seeds: gain 1, lstm 3" in text
    assert signed(measured[2].overall.f1.difference) in text
