"""What the tests of the audit's page share: a small page, and how to look at it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chromium import Page

from logire.audit.decisions import read_decisions
from logire.audit.page import audit_page
from logire.audit.suggestion import (
    FORMAT,
    PAGE,
    SUGGESTIONS,
    Audited,
    Marked,
    Reason,
    Step,
    Suggestion,
    Suggestions,
    write_struct,
)
from logire.corpus.document import Document, Entity, Mention
from logire.ground.digests import file_digest
from logire.ground.files import write_text

ODD = '</script><script>window.pwned=1</script> & Bob\'s "שלום" 🙂'
"""A title and a word that are markup, with an apostrophe."""


def document(title: str) -> Document:
    """Ann 0 (twice), Rome 1 in the first sentence, Bob's house 2 with Bob 3 inside it in the second."""
    first = ("Ann", "knows", "Rome", ",", ODD, ".", "Ann", *("word",) * 90)
    second = ("Bob", "'s", "house", "stands", "there", ".")
    entities = (
        Entity((Mention("Ann", 0, 0, 1, "type::PER"), Mention("Ann", 0, 6, 7, "type::PER"))),
        Entity((Mention("Rome <b>", 0, 2, 3, "LOC"),)),
        Entity((Mention("Bob's house", 1, 0, 3, "LOC"),)),
        Entity((Mention("Bob", 1, 0, 1, "PER"),)),
    )
    return Document(title, (first, second, ("Nothing", "here", ".")), entities, ())


def suggested(
    kind: Any, title: str, head: int, relation: str, tail: int, margin: float, *reasons: Reason
) -> Suggestion:
    entities = document(title).entities
    numbers = dict.fromkeys([head, tail, *(e for r in reasons for step in r.path for e in (step.head, step.tail))])
    marked = tuple(
        Marked(e, entities[e].name, entities[e].type, tuple((m.sentence, m.start, m.end) for m in entities[e].mentions))
        for e in numbers
    )
    pieces = ((0, 0, 27), (1, 0, 6))
    parts = {"bias": -1.0, "own": 0.5, "context": -0.001}
    return Suggestion(
        kind, title, head, relation, tail, margin, 0.75, -0.25, 1, **parts, reasons=reasons, entities=marked,
        sentences=(0, 1), pieces=pieces,
    )  # fmt: skip


CHAIN = Reason("P17 <- a ^ ~a", "chain", 1.25, (Step(0, "a", 2, 0.5), Step(2, "~a", 1, 0.25)))
AGAINST = Reason("a <- any ^ a", "open", -0.75, (Step(0, "any", 3, 1.0), Step(3, "a", 1, 0.125)))
LIST = (
    suggested("missing", ODD, 0, "P17", 1, 2.5, CHAIN, AGAINST),
    suggested("missing", "two", 0, "a", 2, 1.5),
    suggested("missing", "two", 0, "a", 3, 0.5),
    suggested("doubtful", ODD, 1, "a", 0, -3.5, AGAINST),
    suggested("doubtful", "two", 2, "a", 0, -2.5),
)


def write(folder: Path, listed: tuple[Suggestion, ...] = LIST) -> Path:
    folder.mkdir(parents=True)
    documents = {title: document(title) for title in (ODD, "two")}
    audited = tuple(Audited.of(d) for d in documents.values())
    value = Suggestions(
        FORMAT, "made", True, "train", "0", 1, 2, "logire_plus", (), None, ("P17", "a"), audited, listed
    )
    write_struct(folder / SUGGESTIONS, value)
    page = audit_page(value, documents, file_digest(folder / SUGGESTIONS))
    write_text(folder / PAGE, page)
    return folder / PAGE


def text_of(page: Page, name: str) -> str:
    return str(page.run(f"document.getElementById('{name}').innerText"))


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)")
    return found


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.press(key)


def until(ready: Callable[[], Any]) -> Any:
    """What ``ready`` gives once it is true."""
    last = time.monotonic() + 60
    while not (found := ready()):
        assert time.monotonic() < last
        time.sleep(0.02)
    return found


def exported(page: Page, file: Path) -> dict[str, Any]:
    """Press e and read the file that the browser saves."""
    digest = file_digest(file.parent / SUGGESTIONS)
    saved = file.parent.parent / f"decisions-{digest[:8]}.json"
    saved.unlink(missing_ok=True)
    page.press("e")
    until(lambda: saved.exists() and saved.read_text().endswith("}\n"))
    value: dict[str, Any] = json.loads(saved.read_text())
    assert value["suggestions"] == digest
    listed = Suggestions.read(file.parent)
    assert len(read_decisions(saved, file.parent, listed)) == len(value["decisions"])
    return value


def made(value: dict[str, Any]) -> list[tuple[str, str, int, str, int, str]]:
    return [(d["kind"], d["title"], d["head"], d["relation"], d["tail"], d["decision"]) for d in value["decisions"]]


def row(number: int, decision: str) -> tuple[str, str, int, str, int, str]:
    return LIST[number].kind, LIST[number].title, *LIST[number].triple, decision
