"""Measured runs for the reporting tests."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.files import write_json
from logire.reporting.exhibits import find
from logire.reporting.report import make_report

CORRECT = {"dev": [3, 2, 4], "test": [2, 4, 3]}


def made(name: str, metrics: Sequence[Path], out: Path, **options: Any) -> Path:
    """Make one table or figure from the runs that some metrics files belong to; its path without an ending."""
    make_report(list(dict.fromkeys(file.parent for file in metrics)), out, only=[name], **options)
    return out / find(name).kind / name


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(file.read_text().splitlines()))


def row(file: Path, **wanted: str) -> dict[str, str]:
    """Its one row with these values."""
    (found,) = [r for r in rows(file) if all(r[key] == value for key, value in wanted.items())]
    return found


def write_metrics(
    folder: Path,
    backbone: str = "bilstm",
    method: str = "backbone",
    seed: int = 0,
    split: str = "test",
    *,
    f1: float = 50.0,
    ign_f1: float = 40.0,
    logic: float | None = 60.0,
    corpus: str = "embedded",
    synthetic: bool = True,
    documents: int = 3,
    better: int = 0,
    record: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """One metrics file in its run's folder; ``better`` is how many more correct predictions each document has.

    ``record`` goes into the ``run.json`` beside it, ``changes`` into the metrics.
    """
    counts = {"gold": 10, "predicted": 8, "correct": 4, "gold_in_train": 1, "correct_in_train": 0}
    scores = {"precision": 50.0, "recall": 50.0, "f1": f1, "ign_f1": ign_f1, "ign_f1_logire": ign_f1 + 1}
    bounds = (0, 100, 200, 400, None)
    values = {
        "corpus": {"name": corpus, "synthetic": synthetic},
        "split": split,
        "run": {"dataset": corpus, "backbone": backbone, "method": method, "seed": seed, "threshold": 0.5},
        "sources": {"params_digest": f"{backbone}-{method}", "data_digest": corpus},
        **scores,
        "logic": logic,
        "gold_logic": 97.4 if logic else None,
        "counts": {"documents": documents, **counts},
        "by_distance": [
            {"from": bounds[g], "to": bounds[g + 1], "pairs": 1000 * (g + 1), **counts, **scores, "f1": f1 - 10 * g}
            for g in range(4)
        ],
        "per_relation": {name: {**counts, **scores} for name in ("member_of", "in0-x")},
        "per_document": {
            "gold": [5, 6, 7],
            "predicted": [5, 6, 7],
            "correct": [n + better for n in CORRECT.get(split, [0, 0, 0])],
            "gold_in_train": [1, 0, 0],
            "correct_in_train": [0, 0, 0],
        },
        **changes,
    }
    run = folder / f"{corpus}-{backbone}-{method}-{seed}"
    facts = {"dataset": corpus, "synthetic": synthetic, "backbone": backbone, "method": method, "seed": seed}
    write_json(run / "run.json", {**facts, **(record or {})})
    write_json(run / f"metrics-{split}.json", values)
    return run / f"metrics-{split}.json"


def write_runs(folder: Path, gains: list[float], *, logic: bool = True, **changes: Any) -> list[Path]:
    """Dev and test metrics of a backbone (F1 50, 51, ...) and of LogiRE on top, one seed for each gain."""
    files = []
    for seed, gain in enumerate(gains):
        for method, more in (("backbone", 0.0), ("logire", gain)):
            for split in ("dev", "test"):
                file = write_metrics(
                    folder,
                    method=method,
                    seed=seed,
                    split=split,
                    f1=50.0 + seed + more,
                    ign_f1=40.0 + seed + more / 2,
                    logic=(70.0 if more else 60.0) if logic else None,
                    better=1 if more else 0,
                    **changes,
                )
                files.append(file)
    return files


def document(title: str, entities: int, facts: list[tuple[int, str, int]], gap: int = 1) -> Document:
    """A document of one sentence; entity i is called ``{title}{i}`` and stands ``gap`` tokens after entity i - 1."""
    step = gap + 1
    tokens = tuple("w" for _ in range(step * entities))
    members = tuple(Entity((Mention(f"{title}{i}", 0, step * i, step * i + 1, "thing"),)) for i in range(entities))
    return Document(title, (tokens,), members, tuple(Fact(*fact) for fact in facts))


def prepared(
    folder: Path,
    splits: dict[str, list[Document]],
    *,
    relations: tuple[str, ...],
    name: str = "embedded",
    synthetic: bool = False,
) -> PreparedCorpus:
    """A prepared corpus on disk."""
    write_prepared(folder, splits, Schema(relations, ("thing",)), name=name, synthetic=synthetic)
    return PreparedCorpus.open(folder)


def write_variant(
    folder: Path,
    method: str,
    f1: dict[int, float],
    variant: str | None = None,
    *,
    logic: float | None = 60.0,
    settings: dict[str, Any] | None = None,
    backbone: str = "bilstm",
    **run: Any,
) -> list[Path]:
    """Dev and test metrics of a run for each seed, in its own folder; dev F1 is 1 above test F1, logic grows by seed.

    ``settings`` and ``run`` go into the ``run.json`` beside them.
    """
    files = []
    for seed, score in f1.items():
        own = folder / (variant or method) / f"seed{seed}"
        name = {"variant": variant} if variant else {}
        facts = {"dataset": "embedded", "backbone": backbone, "method": method, **name, "seed": seed}
        for split, more in (("dev", 1.0), ("test", 0.0)):
            file = write_metrics(
                own,
                backbone,
                method,
                seed,
                split,
                f1=score + more,
                logic=None if logic is None else logic + seed,
                run={**facts, "threshold": 0.5},
                record={**name, **({} if settings is None else {"settings": settings}), **run},
            )
            files.append(file)
    return files
