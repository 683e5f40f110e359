"""`logire audit apply`: the new corpus has what was accepted, the old one stays, and what does not fit is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from audit_builders import Hidden, revised, write_decisions
from typer.testing import CliRunner

from logire.audit.apply import apply
from logire.audit.decisions import read_decisions
from logire.audit.suggestion import SUGGESTIONS, Suggestion, Suggestions
from logire.cli.app import app
from logire.corpus.document import Fact
from logire.corpus.prepared import PreparedCorpus
from logire.ground.digests import file_digest, tree_digest
from logire.ground.errors import InputError


@pytest.fixture(scope="module")
def listed(world: Hidden) -> Suggestions:
    return Suggestions.read(world.audit)


def some(listed: Suggestions) -> list[tuple[Suggestion, str]]:
    """Of both lists some that are accepted and some that are rejected."""
    verdicts = ("accept", "reject", "accept")
    return [
        (s, verdict)
        for kind in ("missing", "doubtful")
        for s, verdict in zip(listed.of_kind(kind)[:30], verdicts * 10, strict=True)
    ]


def test_what_was_accepted_is_in_the_new_corpus(world: Hidden, listed: Suggestions, tmp_path: Path) -> None:
    verdicts = some(listed)
    file, out = write_decisions(tmp_path / "decisions.json", world.audit, verdicts), tmp_path / "new"
    before = tree_digest(world.documents)
    given = ["--suggestions", world.audit, "--documents", world.documents, "--out", out]
    done = CliRunner().invoke(app, ["audit", "apply", str(file), *map(str, given)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    documents = len({s.title for s, verdict in verdicts if verdict == "accept"})
    assert done.output.splitlines()[-1] == (
        f"20 facts added, 20 labels removed in {documents} documents; 20 suggestions rejected: {out}"
    )
    assert tree_digest(world.documents) == before
    old, new = PreparedCorpus.open(world.documents), PreparedCorpus.open(out)
    expected = {(d.title, f.head, f.relation, f.tail) for d in old.train for f in d.facts}
    for s, verdict in verdicts:
        fact = s.title, *s.triple
        if verdict == "accept":
            expected = expected | {fact} if s.kind == "missing" else expected - {fact}
    assert {(d.title, f.head, f.relation, f.tail) for d in new.train for f in d.facts} == expected
    assert [replace(d, facts=()) for d in new.train] == [replace(d, facts=()) for d in old.train]
    assert (new.dev, new.test, new.schema) == (old.dev, old.test, old.schema)
    assert (new.name, new.synthetic) == ("embedded-audited", True)
    assert json.loads((out / "corpus.json").read_text())["source"] == {
        "kind": "audit",
        "corpus": "embedded",
        "data_digest": old.digest,
        "split": "train",
        "suggestions": file_digest(world.audit / SUGGESTIONS),
        "decisions": file_digest(file),
        "added": 20,
        "removed": 20,
    }


def test_a_label_that_was_given_twice_is_removed_twice(world: Hidden, listed: Suggestions, tmp_path: Path) -> None:
    doubtful = listed.of_kind("doubtful")[0]
    corpus = PreparedCorpus.open(world.documents)
    [document] = [d for d in corpus.train if d.title == doubtful.title]
    twice = replace(document, facts=(*document.facts, Fact(*doubtful.triple, evidence=(0,))))
    documents = revised(tmp_path / "twice", corpus, {document.title: twice})
    file = write_decisions(tmp_path / "decisions.json", world.audit, [(doubtful, "accept")])
    apply(file, world.audit, documents, tmp_path / "new")
    [after] = [d for d in PreparedCorpus.open(tmp_path / "new").train if d.title == document.title]
    assert [(f.head, f.relation, f.tail) for f in after.facts] == [
        (f.head, f.relation, f.tail) for f in document.facts if (f.head, f.relation, f.tail) != doubtful.triple
    ]


def test_decisions_that_do_not_fit_are_named(world: Hidden, listed: Suggestions, tmp_path: Path) -> None:
    first, second = listed.of_kind("missing")[:2]
    cases = {
        "is about other suggestions": ([(first, "accept")], {"suggestions": "0" * 64}),
        "is decided twice": ([(first, "accept"), (first, "reject")], {}),
        "no such document was audited": ([(replace_(first, title="none"), "accept")], {}),
        "was not suggested as doubtful": ([(replace_(first, kind="doubtful"), "accept")], {}),
        "was not suggested as missing": ([(replace_(second, head=second.tail), "accept")], {}),
        "'maybe'": ([(first, "maybe")], {}),
        "'other'": ([(first, "accept")], {"format": "other"}),
        "expected `array`": ([], {"decisions": {}}),
    }
    for number, (problem, (verdicts, changes)) in enumerate(cases.items()):
        file = write_decisions(tmp_path / f"decisions{number}.json", world.audit, verdicts, **changes)
        with pytest.raises(InputError, match=problem) as error:
            read_decisions(file, world.audit, listed)
        assert error.value.file == str(file)
        with pytest.raises(InputError, match=problem):
            apply(file, world.audit, world.documents, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def replace_(suggestion: Suggestion, **changes: object) -> Suggestion:
    values = {name: getattr(suggestion, name) for name in suggestion.__struct_fields__}
    return Suggestion(**(values | changes))


def test_corpora_that_do_not_fit_are_named(world: Hidden, listed: Suggestions, tmp_path: Path) -> None:
    missing, doubtful = listed.of_kind("missing")[0], listed.of_kind("doubtful")[0]
    corpus = PreparedCorpus.open(world.documents)
    documents = {d.title: d for d in corpus.train}

    def refused(name: str, suggestion: Suggestion, problem: str, **changes: object) -> None:
        document = documents[suggestion.title]
        folder = revised(tmp_path / name, corpus, {document.title: replace(document, **changes)})
        file = write_decisions(tmp_path / f"{name}.json", world.audit, [(suggestion, "accept")])
        with pytest.raises(InputError, match=problem):
            apply(file, world.audit, folder, tmp_path / "new")

    there = documents[missing.title]
    refused("there", missing, "is labelled already", facts=(*there.facts, Fact(*missing.triple)))
    refused("gone", doubtful, "is not labelled", facts=())
    refused("other", missing, "has other entities or mentions", entities=there.entities[::-1])
    refused("titled", missing, "not in the train split", title="another title")
    file = write_decisions(tmp_path / "decisions.json", world.audit, [(missing, "accept")])
    for out in (world.documents, world.documents / "new"):
        with pytest.raises(InputError, match=r"--out: is the corpus itself"):
            apply(file, world.audit, world.documents, out)
    assert not (tmp_path / "new").exists()
