"""Deleting facts: as many as said, and the error rates of Table 4 are what the deletions imply."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from corpus_builders import document
from hypothesis import given
from hypothesis import strategies as st

from logire.corpus.document import Document
from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.corpus.sources.embedded.rules import PLANTED_RULES, PlantedRule
from logire.corpus.sources.embedded_docred import SOURCE, Options, delete_facts
from logire.ground.errors import InputError
from logire.reporting.report import make_report

SHARE, SIZE = 0.3, (60, 20, 20)
OPTIONS = Options(seed=5, documents=SIZE, deleted=SHARE)
EXACT = [rule for rule in PLANTED_RULES if rule.confidence == 1.0]

Triple = tuple[int, str, int]


def triples(document: Document) -> list[Triple]:
    return [(f.head, f.relation, f.tail) for f in document.facts]


FACTS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["citizen_of", "in0"]), st.integers(0, 2)), max_size=8)


@given(st.lists(FACTS, min_size=1, max_size=4), st.floats(0, 1), st.integers(0, 99))
def test_deleted_and_kept_make_up_the_whole(facts: list[list[Triple]], share: float, seed: int) -> None:
    documents = [document(f"D{i}", 3, found) for i, found in enumerate(facts)]
    kept, deleted = delete_facts(documents, share, seed)
    assert len(deleted) == len(set(deleted)) == round(share * sum(len(set(found)) for found in facts))
    for before, after in zip(documents, kept, strict=True):
        gone = {(head, relation, tail) for title, head, relation, tail in deleted if title == before.title}
        assert triples(after) == [fact for fact in triples(before) if fact not in gone]
        assert gone <= set(triples(before))
    assert delete_facts(documents, share, seed) == (kept, deleted)


def test_every_fact_is_as_likely_and_the_seed_decides() -> None:
    facts = [(0, "in0", 1), (1, "in0", 2), (2, "in0", 0), (0, "citizen_of", 1)]
    times: dict[Triple, int] = defaultdict(int)
    for seed in range(400):
        for _, head, relation, tail in delete_facts([document("D", 3, facts)], 0.5, seed)[1]:
            times[head, relation, tail] += 1
    assert sum(times.values()) == 800
    assert all(160 < times[fact] < 240 for fact in facts)  # 200 expected, 10 the standard deviation


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_not_one(share: float) -> None:
    with pytest.raises(InputError, match=r"outside \[0, 1\]"):
        delete_facts([document()], share, 1)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedCorpus, PreparedCorpus]:
    """The complete corpus, and the one with facts deleted."""
    folder = tmp_path_factory.mktemp("deletion")
    prepare_embedded(folder / "complete", seed=5, documents=SIZE, split_sentences=True)
    SOURCE.prepare(None, folder / "incomplete", OPTIONS)
    return PreparedCorpus.open(folder / "complete"), PreparedCorpus.open(folder / "incomplete")


def deleted_by_document(complete: PreparedCorpus, incomplete: PreparedCorpus, split: str) -> dict[str, set[Triple]]:
    """Title -> the deleted facts, from the file that says so."""
    deleted: dict[str, set[Triple]] = defaultdict(set)
    file = incomplete.path / f"deleted-{split}.json"
    for p in read_predictions(file, complete.documents(split), complete.schema):
        deleted[p.title].add((p.head, p.relation, p.tail))
    return deleted


def test_only_the_deleted_facts_are_missing(corpora: tuple[PreparedCorpus, PreparedCorpus]) -> None:
    complete, incomplete = corpora
    assert (incomplete.name, incomplete.synthetic) == ("embedded-docred", True)
    assert incomplete.schema == complete.schema
    for split in SPLITS:
        deleted = deleted_by_document(complete, incomplete, split)
        total = 0
        for before, after in zip(complete.documents(split), incomplete.documents(split), strict=True):
            assert (before.title, before.sentences, before.entities) == (after.title, after.sentences, after.entities)
            assert set(triples(before)) - set(triples(after)) == deleted[before.title]
            total += len(set(triples(before)))
        assert sum(map(len, deleted.values())) == round(SHARE * total)


def test_the_same_seed_gives_the_same_bytes(corpora: tuple[PreparedCorpus, PreparedCorpus], tmp_path: Path) -> None:
    SOURCE.prepare(None, tmp_path / "again", OPTIONS)
    files = sorted(path.name for path in corpora[1].path.iterdir())
    assert "deleted-dev.json" in files
    assert files == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert all((tmp_path / "again" / name).read_bytes() == (corpora[1].path / name).read_bytes() for name in files)


def linked(body: tuple[str, ...], facts: Iterable[Triple]) -> set[tuple[int, int]]:
    """The pairs that a chain of the body's atoms links, step by step over lists of facts."""
    found: set[tuple[int, int]] | None = None
    for atom in body:
        step = {(t, h) if atom.startswith("~") else (h, t) for h, r, t in facts if r == atom.removeprefix("~")}
        found = step if found is None else {(a, d) for a, b in found for c, d in step if b == c}
    return found or set()


@pytest.fixture(scope="module")
def table(corpora: tuple[PreparedCorpus, PreparedCorpus], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Table 4 of the incomplete corpus over the exact planted rules."""
    folder = tmp_path_factory.mktemp("table")
    rules = folder / "rules.txt"
    rules.write_text("".join(f"{rule.relation} <- {' ^ '.join(rule.body)}\n" for rule in EXACT))
    make_report([], folder, only=["table4"], documents=[corpora[1].path], rules=rules)
    return folder / "tables" / "table4.csv"


def test_the_error_rates_of_table_4_are_what_the_deletions_imply(
    corpora: tuple[PreparedCorpus, PreparedCorpus], table: Path
) -> None:
    complete, incomplete = corpora
    rows = {(row["split"], row["rule"]): row for row in csv.DictReader(table.read_text().splitlines())}
    fired = 0
    for split in SPLITS:
        deleted = deleted_by_document(complete, incomplete, split)
        for rule in EXACT:
            bodies = broken = 0
            for before in complete.documents(split):
                left = set(triples(before)) - deleted[before.title]
                pairs = typed(rule, linked(rule.body, left), before)
                bodies += len(pairs)
                broken += sum((h, rule.relation, t) in deleted[before.title] for h, t in pairs)
            row = rows[split, f"{rule.relation} <- {' ^ '.join(rule.body)}"]
            assert int(row["bodies"]) == bodies
            if bodies:
                assert float(row["error_rate"]) == pytest.approx(100 * broken / bodies)
                fired += bodies
    assert fired > 500


def typed(rule: PlantedRule, pairs: set[tuple[int, int]], document: Document) -> set[tuple[int, int]]:
    """Only pairs of the rule's types: the world has no others, and a difference would show in ``bodies``."""
    types = [entity.type for entity in document.entities]
    return {(h, t) for h, t in pairs if (types[h], types[t]) == (rule.head_type, rule.tail_type)}


def test_the_error_rate_is_the_share_of_facts_deleted(table: Path) -> None:
    """A body of other facts than its head says nothing on whether the head was deleted."""
    rows = [row for row in csv.DictReader(table.read_text().splitlines()) if row["split"] == "train"]
    bodies = sum(int(row["bodies"]) for row in rows)
    missing = sum(int(row["bodies"]) - int(row["heads"]) for row in rows)
    assert missing / bodies == pytest.approx(SHARE, abs=0.03)
