"""The tidy frame and what is taken from it, against numbers worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import stdev

import pytest
from reporting_builders import write_variant
from scipy import stats

from logire.reporting.frame import METRICS, Summary, summarise, tidy, tidy_distances, tidy_relations
from logire.reporting.selection import Runs
from logire.reporting.tables import p_value, score, seeds_phrase


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """A backbone and LogiRE of three seeds each, a variant of two seeds, one of which LogiRE has."""
    write_variant(tmp_path, "backbone", {1: 50.0, 2: 51.0, 3: 53.0, 4: 40.0})
    write_variant(tmp_path, "logire", {1: 52.0, 2: 52.0, 3: 56.0})
    write_variant(tmp_path, "logire", {3: 55.0, 4: 41.0}, "other", logic=None)
    return Runs.read([tmp_path])


def find(rows: list[Summary], **wanted: str | int) -> Summary:
    (row,) = [row for row in rows if all(row.key[key] == value for key, value in wanted.items())]
    return row


def test_a_row_is_one_number(runs: Runs) -> None:
    frame = tidy(runs.scored)
    assert list(frame.columns) == ["run", "backbone", "method", "variant", "seed", "split", "metric", "value"]
    assert len(frame) == 9 * 2 * len(METRICS)
    assert not frame.duplicated(["run", "split", "metric"]).any()
    row = frame[(frame.variant == "other") & (frame.seed == 3) & (frame.split == "dev")].set_index("metric")["value"]
    assert (row["f1"], row["ign_f1"]) == (56.0, 40.0)
    assert math.isnan(row["logic"])


def test_means_and_gains_paired_by_seed(runs: Runs) -> None:
    rows = summarise(tidy(runs.scored))
    base = find(rows, method="backbone", split="test", metric="f1")
    assert (base.seeds, base.mean, base.gain, base.test, base.differences) == (4, 48.5, None, None, ())
    ours = find(rows, method="logire", variant="", split="test", metric="f1")
    assert (ours.seeds, ours.mean, ours.differences) == (3, 160 / 3, (2.0, 1.0, 3.0))
    assert ours.sd == pytest.approx(stdev([52.0, 52.0, 56.0]))
    assert ours.base == pytest.approx(154 / 3)  # of seeds 1 to 3
    assert score(ours.mean, ours.sd, ours.gain) == "53.33 ± 2.31 (+2.00)"
    assert ours.test is not None
    assert ours.test.p == pytest.approx(2 * stats.t.sf(2 * 3**0.5, 2))  # mean 2, deviation 1
    missing = find(rows, variant="other", split="test", metric="logic")
    assert (score(missing.mean, missing.sd), missing.test, missing.record["mean"]) == ("–", None, None)


def test_a_variant_against_its_methods_own_settings(runs: Runs) -> None:
    rows = summarise(tidy(runs.scored), over="own")
    row = find(rows, variant="other", split="test", metric="f1")
    assert (row.differences, row.seeds, row.mean, row.base, row.gain) == ((-1.0,), 2, 48.0, None, None)
    assert find(rows, method="logire", variant="", split="test", metric="f1").test is None


def test_by_distance_and_by_relation(runs: Runs) -> None:
    main = runs.scored
    row = find(summarise(tidy_distances(main, "test", ("f1",))), method="logire", variant="", group=2)
    assert (row.mean, row.differences) == (160 / 3 - 20, (2.0, 1.0, 3.0))
    row = find(summarise(tidy_relations(main, "test", ["in0-x", "gone"], "f1")), method="backbone", relation="in0-x")
    assert row.mean == 48.5
    row = find(summarise(tidy_relations(main, "test", ["in0-x", "gone"], "f1")), method="backbone", relation="gone")
    assert row.mean is None


def test_phrases() -> None:
    assert [seeds_phrase(counts) for counts in ([1], [5, 5], [3, 1])] == ["1 seed", "5 seeds", "1 to 3 seeds"]
    assert [p_value(p) for p in (None, 0.0001, 0.0184)] == ["one seed: no test", "< 0.001", "0.018"]
