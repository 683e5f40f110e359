"""What one set of predictions gains over another: against hand-worked counts, and every possible draw of documents."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_builders import SCHEMA, make_document, mention, named
from rich.console import Console

from logire.corpus.document import Document
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.evaluation.files import evaluate_file
from logire.evaluation.gain import Column, Gain, Values, measure_gain, render
from logire.evaluation.logic import logic_score, logic_scores
from logire.evaluation.metrics import find
from logire.evaluation.significance import Bootstrap, paired_bootstrap, paired_bootstrap_of_rules
from logire.ground.errors import InputError


def far(title: str, facts: Sequence[tuple[int, str, int]]) -> Document:
    """Entities P and Q side by side, and S 30 tokens after them."""
    return make_document(title, [[mention("P", 0)], [mention("Q", 1)], [mention("S", 31)]], facts)


DEV = [
    far("d0", [(0, "a", 1), (1, "b", 0), (0, "c", 2)]),
    far("d1", [(0, "a", 1), (0, "c", 2)]),
    far("d2", [(1, "b", 0)]),
]
# a(P, Q) is a training fact: the base finds it twice, and two wrong facts; ours finds a, b and c in d0 and b in d2.
BASE = [("d0", 0, "a", 1), ("d1", 0, "a", 1), ("d1", 1, "a", 0), ("d2", 0, "c", 2)]
OURS = [("d0", 0, "a", 1), ("d0", 1, "b", 0), ("d0", 0, "c", 2), ("d1", 1, "a", 0), ("d2", 1, "b", 0)]
PER_DOCUMENT = [[(3, 1, 1), (2, 2, 1), (1, 1, 0)], [(3, 3, 3), (2, 1, 0), (1, 1, 1)]]
"""(gold, predicted, correct) of each document, of the base and of ours."""


def corpus_of(folder: Path, dev: Sequence[Document], train: Sequence[tuple[int, str, int]] = ((0, "a", 1),)) -> Any:
    splits = {"train": [named("t", ["P", "Q"], train)], "dev": list(dev), "test": [named("e", ["P"], [])]}
    write_prepared(folder, splits, SCHEMA, name="toy", synthetic=True)
    return PreparedCorpus.open(folder)


@pytest.fixture
def corpus(tmp_path: Path) -> PreparedCorpus:
    found: PreparedCorpus = corpus_of(tmp_path / "documents", DEV)
    return found


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Two rules of this corpus and one of another."""
    (tmp_path / "rules.txt").write_text("b <- ~a\na <- ~b\nnowhere <- a\n")
    return tmp_path / "rules.txt"


def facts(rows: Sequence[tuple[str, int, str, int]]) -> list[Prediction]:
    return [Prediction(*row) for row in rows]


def gain(corpus: PreparedCorpus, base: Any = BASE, ours: Any = OURS, **options: Any) -> Gain:
    options = {"names": ("backbone", "rules"), "distance_edges": (10,), **options}
    return measure_gain(facts(base), facts(ours), corpus, "dev", **options)


def by_title(found: Gain) -> dict[str, Any]:
    return {column.title: column for column in found.columns}


def test_every_number_by_hand(corpus: PreparedCorpus, rules: Path) -> None:
    columns = by_title(gain(corpus, gold_rules=rules))
    assert list(columns) == ["F1", "ign F1", "logic", "F1 at 0-9 tokens", "F1 at 10+ tokens"]
    shown = {title: (c.facts, *(round(v, 2) for v in c.values[:2])) for title, c in columns.items()}
    # Base: 2 of 4 right, of 6 labelled. Ours: 4 of 5.
    assert shown["F1"] == (6, round(200 * 2 / 10, 2), round(200 * 4 / 11, 2))
    # Without the facts known from training: base 0 of 2; ours 3 of 4, recall 4/6.
    assert shown["ign F1"] == (6, 0.0, round(100 * 2 * (3 / 4) * (2 / 3) / (3 / 4 + 2 / 3), 2))
    # Base: b <- ~a has 3 bodies, no b follows; a <- ~b has none. Ours: 1 of 2, and 1 of 2 (d2's b has no a).
    assert shown["logic"] == (None, 0.0, 50.0)
    assert shown["F1 at 0-9 tokens"] == (4, round(200 * 2 / 7, 2), round(200 * 3 / 8, 2))
    assert shown["F1 at 10+ tokens"] == (2, 0.0, round(200 * 1 / 3, 2))


def test_the_numbers_are_those_of_evaluate(tmp_path: Path, corpus: PreparedCorpus, rules: Path) -> None:
    found = gain(corpus, gold_rules=rules)
    for place, rows in enumerate((BASE, OURS)):
        write_predictions(tmp_path / "p.json", facts(rows))
        one = evaluate_file(tmp_path / "p.json", corpus, "dev", distance_edges=(10,), gold_rules=rules)
        expected = [one["f1"], one["ign_f1"], one["logic"], *(group["f1"] for group in one["by_distance"])]
        assert [column.values and column.values[place] for column in found.columns] == pytest.approx(expected)


def test_the_interval_is_that_of_every_possible_draw(corpus: PreparedCorpus) -> None:
    base, ours = np.array(PER_DOCUMENT)
    differences = []
    for draw in product(range(3), repeat=3):
        (g, p, c), (_, q, d) = base[list(draw)].sum(axis=0), ours[list(draw)].sum(axis=0)
        differences += 100 * [200 * d / (q + g) - 200 * c / (p + g)]
    found = gain(corpus).f1.gain
    assert found.difference == pytest.approx(200 * 4 / 11 - 200 * 2 / 10)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(differences, [0.025, 0.975])))


def test_the_interval_is_the_bootstraps_with_the_runs_seed(corpus: PreparedCorpus) -> None:
    base, ours = (np.array([[(*d, 0, 0) for d in side]]) for side in PER_DOCUMENT)
    assert gain(corpus, seed=5).f1.gain == paired_bootstrap(base, ours, find("f1"), seed=5)


def test_the_logic_bootstrap_against_every_possible_draw() -> None:
    rng = np.random.default_rng(0)
    bodies = rng.integers(0, 4, (2, 3, 2))
    counts = np.stack([bodies, rng.integers(0, bodies + 1)], axis=-1)
    counts[0, 0] = 0  # the base fires nowhere in the first document: a draw of it alone is left out
    differences = []
    for draw in product(range(3), repeat=3):
        scores = [logic_score(side[list(draw)].sum(axis=0)) for side in counts]
        if scores[0] is not None and scores[1] is not None:
            differences += 100 * [scores[1] - scores[0]]
    found = paired_bootstrap_of_rules(counts[0], counts[1], samples=20_000)
    assert found is not None
    assert len(differences) < 2700
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(differences, [0.025, 0.975])))
    once = [logic_score(side.sum(axis=0)) or 0.0 for side in counts]
    assert found.difference == pytest.approx(once[1] - once[0])
    assert paired_bootstrap_of_rules(0 * counts[0], counts[1]) is None


def test_logic_scores_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(1)
    bodies = rng.integers(0, 3, (50, 2))
    counts = np.stack([bodies, rng.integers(0, bodies + 1)], axis=-1)
    one_by_one = [logic_score(c) for c in counts]
    assert None in one_by_one
    assert logic_scores(counts) == pytest.approx([np.nan if s is None else s for s in one_by_one], nan_ok=True)


def test_helps_hurts_or_neither(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "c", [far(f"d{i}", [(0, "a", 1)]) for i in range(30)])
    half = [(f"d{i}", 0, "a", 1) for i in range(15)]
    whole = [(f"d{i}", 0, "a", 1) for i in range(30)]
    other_half = [(f"d{i}", 0, "a", 1) for i in range(15, 30)]
    better, worse, none = (gain(corpus, *pair) for pair in ((half, whole), (whole, half), (half, other_half)))
    assert (better.verdict, worse.verdict, none.verdict) == ("helps", "hurts", "no clear difference")
    assert better.sentences()[0].startswith("rules helps on dev: F1 +33.33 (95% interval over documents: +")
    assert "rules hurts on dev: F1 -33.33" in worse.sentences()[0]
    assert "rules makes no clear difference on dev: F1 +0.00" in none.sentences()[0]
    assert all("this is optimistic" in found.sentences()[0] for found in (better, worse, none))
    same = gain(corpus, half, half[::-1])
    assert same.same
    assert same.sentences()[0].startswith("rules predicts the same facts as backbone on dev.")


def test_what_gets_clearly_worse_is_named_where_enough_facts_say_so(tmp_path: Path) -> None:
    """F1 rises, for the near facts are found; the far ones are lost: 20 of them warn, 19 do not."""
    near = [(f"d{i}", 1, "b", 0) for i in range(30)]
    for count in (20, 19):
        dev = [far(f"d{i}", [(1, "b", 0), *([(0, "c", 2)] if i < count else [])]) for i in range(30)]
        corpus = corpus_of(tmp_path / str(count), dev)
        found = gain(corpus, [(f"d{i}", 0, "c", 2) for i in range(count)], near)
        assert found.verdict == "helps"
        warnings = [sentence for sentence in found.sentences() if sentence.startswith("warning")]
        worse = "warning: F1 at 10+ tokens gets worse: -100.00 (95% interval over documents: -100.00 to -100.00)."
        assert warnings == ([worse] if count == 20 else [])


def test_what_is_unknown_says_why_once(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "c", [named("d", ["P", "Q"], [(0, "a", 1)])], train=())
    found = gain(corpus, [("d", 0, "a", 1)], [])
    assert found.sentences()[1:] == [
        "ign F1 is unknown: no training document has a labelled fact.",
        "logic is unknown: none of the 39 gold rules has the corpus's relations (others: logire compare --gold-rules).",
    ]
    assert by_title(found)["F1 at 10+ tokens"].unknown == "no labelled fact is at that distance"
    (tmp_path / "rules.txt").write_text("b <- a\n")
    silent = by_title(gain(corpus, [("d", 0, "a", 1)], [], gold_rules=tmp_path / "rules.txt"))["logic"]
    assert (silent.values, silent.unknown) == (None, "no gold rule fires in rules's predictions")
    assert printed(found)[2].split() == ["backbone", "100.00", "-", "-", "100.00", "-"]


def printed(found: Gain, width: int = 80) -> list[str]:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(render(found))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_the_table_fits_a_narrow_terminal(corpus: PreparedCorpus, rules: Path) -> None:
    lines = printed(gain(corpus, gold_rules=rules, distance_edges=(100, 200, 400)))
    assert max(map(len, lines)) < 80
    assert [line.split()[0] for line in lines[2:]] == ["backbone", "rules", "gain", "95%", "95%", "labelled"]
    assert lines[1].split() == ["F1", "ign", "F1", "logic", "0-99", "100-199", "200-399", "400+"]
    assert lines[4].split()[:4] == ["gain", "+32.73", "+70.59", "+50.00"]


def test_the_json_has_every_number(corpus: PreparedCorpus, rules: Path) -> None:
    found = gain(corpus, gold_rules=rules)
    result = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert result["corpus"] == {"name": "toy", "synthetic": True}
    assert (result["verdict"], result["base"], result["documents"]) == (found.verdict, "backbone", 3)
    assert [column["tokens"] for column in result["columns"]] == [None, None, None, [0, 10], [10, None]]
    f1 = result["columns"][0]
    assert f1["gain"] == pytest.approx(f1["ours"] - f1["base"])
    assert f1["low"] < f1["gain"] < f1["high"]


def test_what_cannot_be_compared_is_refused(corpus: PreparedCorpus) -> None:
    with pytest.raises(InputError, match="the test split has no labelled fact"):
        measure_gain([], [], corpus, "test", names=("one", "other"))
    with pytest.raises(InputError, match="rising numbers"):
        gain(corpus, distance_edges=(10, 5))
    with pytest.raises(InputError, match="document nobody"):
        gain(corpus, [("nobody", 0, "a", 1)])


def test_what_rounds_to_zero_has_no_minus() -> None:
    values = Values(50.0, 49.999, Bootstrap(-0.001, -0.004, 0.003, 0.9))
    gain = Gain("c", False, "test", 2, ("a", "b"), False, (Column("f1", "F1", None, 9, values),))
    page = io.StringIO()
    Console(file=page, width=100).print(render(gain))
    text = page.getvalue() + " ".join(gain.sentences())
    assert "+0.00 (95% interval over documents: +0.00 to +0.00)" in text
    assert "-0.00" not in text
