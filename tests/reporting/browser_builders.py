"""A small run that has predicted, with a title that is markup, for the tests of the explanation browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reporting_builders import prepared

from logire.corpus.document import Document, Entity, Fact, Mention
from logire.corpus.gold import kind_of
from logire.corpus.predictions import Prediction, write_predictions
from logire.ground.records import RunRecord

SCRIPT = '</script><script>window.pwned=1</script> & #1, 100%+ of "them": שלום 🙂'
"""A title that is markup, and has everything that means something in an address."""
RELATIONS = ("a", "b", "c", "P17")


def document(title: str, *facts: tuple[int, str, int]) -> Document:
    """Ann 0, Bob's house 1 (with Bob 2 inside it); many words later Rome 3 and Zoe 4."""
    first = ("Ann", "knows", "Bob", "'s", "house", SCRIPT, ".")
    second = (*("word",) * 600, "Rome", "&", "Bob", "met", "Zoe", ".")
    ann = Entity((Mention(f"Ann {title}", 0, 0, 1, "thing"),))
    house = Entity((Mention("Bob's house", 0, 2, 5, "thing"),))
    bob = Entity((Mention("Bob", 0, 2, 3, "thing"), Mention("Bob", 1, 602, 603, "thing")))
    rome = Entity((Mention("Rome <b>", 1, 600, 601, "thing"),))
    zoe = Entity((Mention("Zoe", 1, 604, 605, "thing"),))
    return Document(title, (first, second), (ann, house, bob, rome, zoe), tuple(Fact(*fact) for fact in facts))


# c(0, 3) follows from a(0, 2) and the inverse of b(3, 2).
DOCUMENTS = [document("one", (0, "a", 2), (3, "b", 2), (0, "c", 3)), document(SCRIPT, (0, "a", 1))]


def reason(rule: str, contribution: float, *steps: tuple[int, str, float, int]) -> dict[str, Any]:
    head, body = rule.split(" <- ")
    kind = kind_of(head, body.split(" ^ ")).value
    path = [{"from_idx": h, "atom": atom, "score": score, "to_idx": t} for h, atom, score, t in steps]
    return {
        "rule": rule,
        "kind": kind,
        "contribution": contribution,
        "weight": 2.0,
        "phi": contribution / 2,
        "path": path,
    }


def explanation(title: str, head: int, relation: str, tail: int, score: float, *reasons: dict[str, Any]) -> str:
    row = {"title": title, "h_idx": head, "r": relation, "t_idx": tail, "score": score, "predicted": True}
    row |= {"threshold": 0.5, "bias": -1.5, "residual": 0.75, "backbone_probability": 0.25}
    return json.dumps(row | {"reasons": list(reasons)})


ROWS = [
    explanation(
        "one", 0, "a", 2, 1.0,
        reason("a <- any ^ b", 1.0, (0, "any", 1.0, 1), (1, "b", 0.9, 2)),
        reason("a <- a", -0.004, (0, "a", 0.9, 2)),
    ),
    explanation(
        "one", 0, "c", 3, 2.0,
        reason("c <- a ^ ~b", 1.5, (0, "a", 0.9, 2), (2, "~b", 0.8, 3)),
        reason("c <- c", 0.5, (0, "c", 0.25, 3)) | {"kind": "constraint", "weight": 0.5, "phi": 0.25},
    ),
    explanation(SCRIPT, 1, "P17", 0, 3.0),
]  # fmt: skip
BACKBONE = [
    Prediction("one", 0, "a", 2, 4.0),
    Prediction("one", 1, "b", 0, 0.125),
    Prediction("one", 3, "b", 4, 0.125),
    Prediction(SCRIPT, 0, "a", 1),
]


def write(folder: Path, rows: list[str] = ROWS, **changes: Any) -> Path:
    """A run that has predicted, and beside it its corpus and its backbone's run; returns the run's folder."""
    run, backbone = folder / "run", folder / "backbone"
    for place in (run, backbone):
        place.mkdir(parents=True)
    (run / "explanations-test.jsonl").write_text("".join(f"{row}\n" for row in rows))
    write_predictions(backbone / "predictions-test.json", BACKBONE)
    RunRecord(method="backbone", backbone="bilstm", seed=7).write(backbone)
    RunRecord(
        method="logire_plus",
        backbone="bilstm",
        seed=7,
        documents="../documents",
        logits="../backbone/logits.safetensors",
    ).write(run)
    splits = dict.fromkeys(("train", "dev", "test"), DOCUMENTS) | changes.pop("splits", {})
    prepared(folder / "documents", splits, relations=RELATIONS, **changes)
    return run
