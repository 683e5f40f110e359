"""What the tests of the rule models share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from hypothesis import strategies as st

from logire.corpus.dump import ScoredDocument, write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.ground.thresholds import best_threshold
from logire.rules.context import of_candidates
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem, QueryTypes, RuleSet

BODIES = st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple)
BODIES_WITH_ANY = st.lists(st.integers(0, 6), min_size=1, max_size=4).map(tuple)
QUICK = {"rounds": 1, "max_length": 2, "l2": (3.0, 0.3), "blend": (0.0, 0.5, 1.0), "closure": (0.0,)}
TINY = {
    "iterations": 2, "hidden": 16, "heads": 2, "feedforward": 16, "generator_epochs": 25, "update_epochs": 2,
    "generator_learning_rate": 5e-3,
}  # fmt: skip
SMALL = {
    "iterations": 3, "hidden": 16, "heads": 2, "feedforward": 16, "generator_epochs": 3, "update_epochs": 2,
    "extractor_epochs": 4,
}  # fmt: skip
AUTHORS = yaml.safe_load((Path(__file__).parents[2] / "params" / "authors.yaml").read_text(encoding="utf-8"))["logire"]
EVERYTHING = QUICK | {"rounds": 2, "calibrate": True, "closure": (1.0,), "closure_support": 3}


def plus(**chosen) -> LogiREPlusSettings:
    return LogiREPlusSettings(**chosen)


def rules_found(train, schema, chosen: LogiREPlusSettings) -> RuleSet:
    """The rules that LogiRE+ finds in training documents."""
    return find_rules(Problem(train, [], schema, QueryTypes.of(train, schema)), chosen, seed=1, device="cpu")


def context_of(document: ScoredDocument, names) -> np.ndarray:
    """(N, N, R, F) the context features of every candidate, the diagonal too."""
    head, tail, relation = (index.ravel() for index in np.indices(document.logits.shape))
    return of_candidates(document, names, head, tail, relation).reshape(*document.logits.shape, len(names))


def relogited(document: ScoredDocument, logits: np.ndarray) -> ScoredDocument:
    return ScoredDocument(document.document, document.types, logits, document.labels, document.in_train)


def relabelled(document: ScoredDocument, labels: np.ndarray) -> ScoredDocument:
    return ScoredDocument(document.document, document.types, document.logits, labels, document.in_train)


def all_candidates(documents) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels of every candidate h != t."""
    off = [~np.eye(len(d.types), dtype=np.bool_) for d in documents]
    return tuple(
        np.concatenate([getattr(d, name)[m].ravel() for d, m in zip(documents, off, strict=True)])
        for name in ("logits", "labels")
    )


def backbones_threshold(documents):
    logits, labels = all_candidates(documents)
    return best_threshold(logits, labels, gold=int(sum(d.labels.sum() for d in documents)))


def assert_same_logits(one, other) -> None:
    for a, b in zip(one, other, strict=True):
        assert a.logits.dtype == b.logits.dtype == np.float32
        assert a.logits.tobytes() == b.logits.tobytes()


def contents(folder) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "run.json"
    }


def assert_same_files(first, second) -> None:
    one, other = contents(first), contents(second)
    assert sorted(one) == sorted(other)
    assert not [name for name in one if one[name] != other[name]]


def write_incomplete_dump(corpus: PreparedCorpus, path: Path, *, high: float, low: float, spread: float) -> Path:
    """Logits high where a fact is labelled, low elsewhere; a third of the facts are hidden from them."""
    rng = np.random.default_rng(0)
    logits: dict[str, dict[str, np.ndarray]] = {}
    for split in ("train", "dev", "test"):
        logits[split] = {}
        for document in corpus.documents(split):
            labels = corpus.schema.labels(document)
            seen = labels & (rng.random(labels.shape) > 0.3)
            noise = rng.normal(0, spread, labels.shape)
            logits[split][document.title] = (np.where(seen, high, low) + noise).astype(np.float32)
    write_dump(path, logits)
    return path
