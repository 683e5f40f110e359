"""Figure 5: which inferences are shown, and that they can be drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reporting_builders import document, prepared

from logire.corpus.document import Schema
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.reporting.explanations import read_explanations
from logire.reporting.paper.cases import Arrow, select_cases
from logire.reporting.report import make_report

# In every document c(0, 2) follows from a(0, 1) and b(1, 2).
RIGHT = [(0, "a", 1), (1, "b", 2), (0, "c", 2)]
DOCUMENTS = [
    document("one", 4, RIGHT),
    document("two", 4, RIGHT),
    document("three", 4, [(0, "a", 1)]),
    document("four", 4, [*RIGHT, (0, "c", 3), (2, "a", 3)]),
]


def reason(rule: str, contribution: float, *steps: tuple[int, str, int]) -> dict[str, Any]:
    path = [{"from_idx": h, "atom": atom, "to_idx": t, "score": 0.5} for h, atom, t in steps]
    return {"rule": rule, "kind": "chain", "contribution": contribution, "weight": 1.0, "phi": 0.5, "path": path}


def explanation(title: str, tail: int, *reasons: dict[str, Any]) -> dict[str, Any]:
    numbers = {"score": 1.0, "threshold": 0.5, "bias": 0.0, "residual": 0.0, "backbone_probability": 0.25}
    return {"title": title, "h_idx": 0, "t_idx": tail, "r": "c", **numbers, "reasons": list(reasons)}


IDENTITY = reason("c <- c", 9.0, (0, "c", 2))
CHAIN = ((0, "a", 1), (1, "b", 2))
RIGHT_CASE = explanation("one", 2, IDENTITY, reason("c <- a ^ b", 3.0, *CHAIN))


def test_a_right_case() -> None:
    (case,) = select_cases([RIGHT_CASE], {"one": {(0, "a", 1), (2, "a", 0), (0, "a", 3)}}, DOCUMENTS)
    assert case.positive
    assert (case.rule, case.contribution, case.entities) == ("c <- a ^ b", 3.0, (0, 1, 2))
    assert case.new == Arrow(0, "c", 2, labelled=True)
    assert case.path == (Arrow(0, "a", 1, labelled=True), Arrow(1, "b", 2, labelled=True))
    # The backbone's other fact among the three entities; (0, a, 3) leaves them.
    assert case.others == (Arrow(2, "a", 0, labelled=False),)
    assert case.names == {0: "one0", 1: "one1", 2: "one2"}


def test_a_wrong_case_has_a_wrong_atom() -> None:
    row = explanation("three", 2, reason("c <- a ^ b", 2.0, *CHAIN))
    (case,) = select_cases([row], {}, DOCUMENTS)
    assert not case.positive
    assert [arrow.labelled for arrow in case.path] == [True, False]


def test_an_inverse_atom_is_drawn_the_way_the_fact_runs() -> None:
    row = explanation("four", 3, reason("c <- a ^ b ^ a", 1.0, *CHAIN, (2, "a", 3)))
    inverse = explanation("four", 3, reason("c <- ~b ^ a", 1.0, (0, "~b", 2), (2, "a", 3)))
    (case,) = select_cases([row], {}, DOCUMENTS)
    assert case.path[2] == Arrow(2, "a", 3, labelled=True)
    assert select_cases([inverse], {}, DOCUMENTS) == []  # right fact, wrong atom: neither kind
    document = DOCUMENTS[0]
    backward = {**explanation("one", 0, reason("c <- ~b ^ ~a", 1.0, (2, "~b", 1), (1, "~a", 0))), "h_idx": 2}
    assert select_cases([backward], {}, [document]) == []  # c(2, 0) is not labelled, its atoms are


@pytest.mark.parametrize(
    "row",
    [
        explanation("one", 2, IDENTITY),
        explanation("one", 2, reason("c <- a", 3.0, (0, "a", 2))),  # one atom
        explanation("one", 2, reason("c <- a ^ b", -1.0, *CHAIN)),  # speaks against
        explanation("one", 2, reason("c <- a ^ ~a ^ c", 3.0, (0, "a", 1), (1, "~a", 0), (0, "c", 2))),  # comes back
        explanation("one", 2, reason("c <- a", 4.0, (0, "a", 2)), reason("c <- a ^ b", 3.0, *CHAIN)),  # not strongest
    ],
)
def test_what_is_not_a_case(row: dict[str, Any]) -> None:
    assert select_cases([row], {}, DOCUMENTS) == []


def test_a_separator_in_a_name_does_not_end_an_explanation(tmp_path: Path) -> None:
    """JSON keeps U+2028 and U+0085 as they are; Python's splitlines() ends a line at them."""
    titles = ("one\u2028two", "three\x85four")
    documents = [document(title, 4, RIGHT) for title in titles]
    rows = [explanation(title, 3) for title in titles]
    file = tmp_path / "explanations-test.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert read_explanations(file, documents, Schema(("a", "b", "c"), ())) == rows


def test_what_the_backbone_found_is_not_a_case() -> None:
    assert select_cases([RIGHT_CASE], {"one": {(0, "c", 2)}}, DOCUMENTS) == []


def test_each_rule_and_document_once_the_strongest_first() -> None:
    rows = [
        RIGHT_CASE,
        explanation("two", 2, reason("c <- a ^ b", 5.0, *CHAIN)),
        explanation("four", 3, reason("c <- a ^ b ^ a", 1.0, *CHAIN, (2, "a", 3))),
        explanation("four", 2, reason("c <- a ^ b", 4.0, *CHAIN)),
    ]
    cases = select_cases(rows, {}, DOCUMENTS)
    assert [(case.title, case.rule) for case in cases] == [("two", "c <- a ^ b"), ("four", "c <- a ^ b ^ a")]
    assert [case.title for case in select_cases(rows, {}, DOCUMENTS, positive=1)] == ["two"]


def runs(folder: Path, rows: list[str], backbone: list[Prediction]) -> list[Path]:
    """A run of LogiRE with its explanations, and its backbone with its predictions."""
    folders = []
    for method in ("backbone", "logire"):
        run = folder / "runs" / method
        write_json(run / "run.json", {"backbone": "bilstm", "method": method, "seed": 1})
        folders.append(run)
    write_predictions(folders[0] / "predictions-test.json", backbone)
    (folders[1] / "explanations-test.jsonl").write_text("".join(f"{row}\n" for row in rows))
    return folders


def make(folders: list[Path], corpus: PreparedCorpus, out: Path) -> Path:
    make_report(folders, out, only=["figure5"], documents=[corpus.path])
    return out / "figures"


def test_figure(tmp_path: Path) -> None:
    splits = {"train": DOCUMENTS, "dev": DOCUMENTS, "test": DOCUMENTS}
    corpus = prepared(tmp_path / "documents", splits, relations=("a", "b", "c"), synthetic=True)
    others = [Prediction("one", 2, "a", 0), Prediction("one", 0, "b", 2), Prediction("one", 0, "b", 1)]
    wrong = explanation("three", 2, reason("c <- a ^ ~b", 2.0, (0, "a", 1), (1, "~b", 2)))
    rows = [json.dumps(RIGHT_CASE), json.dumps(wrong)]
    folders = runs(tmp_path, rows, [*others, Prediction("two", 0, "a", 1)])
    one, two = (make(folders, corpus, tmp_path / out) for out in ("one", "two"))
    for kind in ("png", "pdf", "json"):
        assert (one / f"figure5.{kind}").read_bytes() == (two / f"figure5.{kind}").read_bytes()
    cases = json.loads((one / "figure5.json").read_text())
    assert [(case["title"], case["new"]["labelled"], len(case["others"])) for case in cases] == [
        ("one", True, 3),
        ("three", False, 0),
    ]
    assert cases[1]["path"][1] == {"head": "three2", "relation": "b", "tail": "three1", "labelled": False}


def test_no_case_is_said_in_the_figure(tmp_path: Path) -> None:
    corpus = prepared(
        tmp_path / "documents", {"train": DOCUMENTS, "dev": DOCUMENTS, "test": DOCUMENTS[:1]}, relations=("a", "b", "c")
    )
    out = make(runs(tmp_path, [json.dumps(explanation("one", 2, IDENTITY))], []), corpus, tmp_path)
    assert json.loads((out / "figure5.json").read_text()) == []
    assert (out / "figure5.png").stat().st_size > 1000


def test_refusals(tmp_path: Path) -> None:
    splits = {"train": DOCUMENTS, "dev": DOCUMENTS, "test": DOCUMENTS[:1]}
    corpus = prepared(tmp_path / "documents", splits, relations=("a", "b", "c"))
    for text, message in (
        ("{", "line 1: broken JSON"),
        ('{"title": "one"}', "line 1, document one, field h_idx: is missing"),
        (json.dumps(explanation("two", 2, IDENTITY)), "no such document in this split"),
    ):
        with pytest.raises(InputError, match=message):
            make(runs(tmp_path, [text], []), corpus, tmp_path)
    folders = runs(tmp_path, [], [])
    (folders[1] / "explanations-test.jsonl").unlink()
    with pytest.raises(InputError, match="does not exist") as caught:
        make(folders, corpus, tmp_path)
    assert "logire predict" in str(caught.value.remedy)
    with pytest.raises(InputError, match="no run of backbone on bilstm"):
        make(folders[1:], corpus, tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_explanations(tmp_path / "nowhere.jsonl", corpus.test, corpus.schema)
    assert not (tmp_path / "figures").exists()
