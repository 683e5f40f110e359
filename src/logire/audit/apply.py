"""Decisions applied: a prepared corpus with other labels, made from one that stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from logire.audit.decisions import Decision, read_decisions
from logire.audit.suggestion import SUGGESTIONS, Audited, Suggestions
from logire.corpus.document import Document, Fact
from logire.corpus.prepared import SPLITS, PreparedCorpus, write_prepared
from logire.ground.digests import file_digest
from logire.ground.errors import InputError


@dataclass(frozen=True)
class Applied:
    """What was done: facts added and labels removed, in how many documents; decisions that left the labels alone."""

    added: int
    removed: int
    kept: int
    documents: int


def apply(decisions: Path, suggestions: Path, documents: Path, out: Path) -> Applied:
    """Write a prepared corpus with the accepted facts added and the labels that were accepted as wrong removed.

    Args:
        decisions: the file that the page exported.
        suggestions: the folder of the suggestions.
        documents: the prepared corpus that was audited, or another one of the same documents and entities.
        out: the new corpus; it appears whole or not at all.

    Raises:
        InputError: decisions on other suggestions, on nothing suggested or twice; a document that is missing or has
            other entities; a fact to add that is labelled, a label to remove that is not there; ``out`` is the input.
    """
    if out.resolve() == documents.resolve() or documents.resolve() in out.resolve().parents:
        raise InputError(
            "is the corpus itself: it is never changed", file=out, field="--out", remedy="name a new folder"
        )
    listed = Suggestions.read(suggestions)
    decided = read_decisions(decisions, suggestions, listed)
    corpus = PreparedCorpus.open(documents)
    by_title: dict[str, list[Decision]] = {}
    for decision in decided:
        by_title.setdefault(decision.title, []).append(decision)
    splits = {split: list(corpus.documents(split)) for split in SPLITS}
    place = {document.title: number for number, document in enumerate(splits[listed.split])}
    audited = {document.title: document for document in listed.documents}
    changed = set()
    for title, of_document in by_title.items():
        if title not in place:
            problem = f"is in the suggestions, but not in the {listed.split} split of {documents}"
            raise InputError(problem, file=decisions, document=title, remedy="name the corpus that was audited")
        before = splits[listed.split][place[title]]
        if Audited.of(before) != audited[title]:
            problem = "has other entities or mentions than the document that was audited"
            raise InputError(problem, file=documents, document=title, remedy="name the corpus that was audited")
        after = _revised(before, of_document, corpus, decisions)
        splits[listed.split][place[title]] = after
        if after != before:
            changed.add(title)
    accepted = [decision.kind for decision in decided if decision.decision == "accept"]
    done = Applied(
        accepted.count("missing"), accepted.count("doubtful"), len(decided) - len(accepted), documents=len(changed)
    )
    source = {
        "kind": "audit",
        "corpus": corpus.name,
        "data_digest": corpus.digest,
        "split": listed.split,
        "suggestions": file_digest(suggestions / SUGGESTIONS),
        "decisions": file_digest(decisions),
        "added": done.added,
        "removed": done.removed,
    }
    name = f"{corpus.name.removesuffix('-audited')}-audited"
    write_prepared(out, splits, corpus.schema, name=name, synthetic=corpus.synthetic, source=source)
    return done


def _revised(document: Document, decisions: Sequence[Decision], corpus: PreparedCorpus, file: Path) -> Document:
    """A document after the decisions on it; a label that was given twice is removed twice."""
    facts = list(document.facts)
    for decision in decisions:
        there = [fact for fact in facts if (fact.head, fact.relation, fact.tail) == decision.triple]
        name = f"{decision.relation}({decision.head}, {decision.tail})"
        problem = ""
        if decision.relation not in corpus.schema.relation_index:
            problem = f"unknown relation {decision.relation!r}"
        elif decision.kind == "missing" and there:
            problem = f"{name} is labelled already"
        elif decision.kind == "doubtful" and not there:
            problem = f"{name} is not labelled"
        if problem:
            remedy = f"apply the decisions once, to the corpus that was audited; is {corpus.path} another one?"
            raise InputError(problem, file=file, document=document.title, remedy=remedy)
        if decision.decision == "reject":
            continue
        if decision.kind == "missing":
            facts.append(Fact(decision.head, decision.relation, decision.tail))
        else:
            facts = [fact for fact in facts if fact not in there]
    return replace(document, facts=tuple(facts))
