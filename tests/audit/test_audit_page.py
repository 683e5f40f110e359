"""The page of suggestions: decided by keyboard in a real browser, where there is one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import CONTRASTS, PROGRAM, Page, chromium

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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    if PROGRAM is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    folder = tmp_path_factory.mktemp("page")
    file = write(folder / "audit")
    with chromium(folder / "profile") as page:
        page.downloads(folder)
        yield page, file


@pytest.fixture
def page(running: tuple[Page, Path]) -> Iterator[Page]:
    page, file = running
    page.screen(1280, 900)
    page.errors.clear()
    page.open(file)
    page.run("localStorage.clear()")
    page.requests.clear()
    page.open(file)
    yield page
    assert page.errors == []
    assert {url for url in page.requests if not url.startswith("blob:")} == {file.as_uri()}


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


def test_keys_decide_and_the_export_is_what_was_pressed(page: Page, running: tuple[Page, Path]) -> None:
    assert text_of(page, "fact") == "Ann — country (P17) → Rome <b>"
    assert text_of(page, "counts") == "0 done (0 accepted, 0 rejected), 5 left"
    press(page, "a")  # the first; then the second is shown
    assert text_of(page, "fact") == "Ann — a → Bob's house"
    press(page, "jr")  # the third
    press(page, "kk")
    assert text_of(page, "fact") == "Ann — a → Bob's house"
    press(page, "A")  # capitals count: the next that is left is the fourth
    assert text_of(page, "fact") == "Rome <b> — a → Ann"
    press(page, "r")
    assert text_of(page, "counts") == "4 done (2 accepted, 2 rejected), 1 left"
    decided = [row(0, "accept"), row(1, "accept"), row(2, "reject"), row(3, "reject")]
    assert made(exported(page, running[1])) == decided
    press(page, "u")
    assert text_of(page, "fact") == "Rome <b> — a → Ann"
    press(page, "u")
    assert text_of(page, "counts") == "2 done (1 accepted, 1 rejected), 3 left"
    press(page, "uu")
    assert text_of(page, "counts") == "0 done (0 accepted, 0 rejected), 5 left"
    press(page, "u")
    assert text_of(page, "said") == "Nothing to undo."
    assert made(exported(page, running[1])) == []


def test_decisions_outlive_the_tab(page: Page, running: tuple[Page, Path]) -> None:
    press(page, "arjr")
    before = exported(page, running[1])
    shown = text_of(page, "fact")
    page.open(running[1])
    assert text_of(page, "counts") == "3 done (1 accepted, 2 rejected), 2 left"
    assert text_of(page, "fact") == shown
    assert texts(page, "#list b") == ["✓ accepted · ", "✗ rejected · ", "✗ rejected · "]
    assert exported(page, running[1]) == before
    assert made(before) == [row(0, "accept"), row(1, "reject"), row(3, "reject")]
    page.run("document.querySelectorAll('#list button')[1].click()")
    press(page, "u")  # what was decided in an earlier visit is undone where it is shown
    assert text_of(page, "counts") == "2 done (1 accepted, 1 rejected), 3 left"


def test_another_tab_loses_nothing(page: Page) -> None:
    press(page, "a")
    page.run(
        "(key => localStorage.setItem(key, JSON.stringify({decisions: {...JSON.parse(localStorage[key]).decisions, "
        "4: 'reject'}, at: 4})))(Object.keys(localStorage)[0])"
    )
    press(page, "r")
    assert text_of(page, "counts") == "3 done (1 accepted, 2 rejected), 2 left"


def bring(page: Page, name: str, text: str) -> None:
    """Choose a file to import."""
    page.run(
        "(() => { const chosen = new DataTransfer(); "
        f"chosen.items.add(new File([{json.dumps(text)}], {json.dumps(name)})); "
        "const input = document.getElementById('file'); input.files = chosen.files; "
        "input.dispatchEvent(new Event('change')); })()"
    )


def test_an_export_is_imported_again(page: Page, running: tuple[Page, Path]) -> None:
    press(page, "ara")
    value = exported(page, running[1])
    press(page, "uuu")
    press(page, "r")
    bring(page, "mine.json", json.dumps(value))
    until(lambda: text_of(page, "counts") == "3 done (2 accepted, 1 rejected), 2 left")
    assert exported(page, running[1]) == value
    press(page, "u")  # the import as a whole
    assert text_of(page, "counts") == "1 done (0 accepted, 1 rejected), 4 left"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "mine.json is not JSON: nothing was imported."),
        ('{"format": "x"}', "mine.json is not a file of decisions: nothing was imported."),
        (
            '{"format": "logire-audit-decisions-1", "suggestions": "0"}',
            "mine.json is about other suggestions: nothing was imported.",
        ),
    ],
)
def test_a_wrong_file_is_one_plain_message(page: Page, text: str, problem: str) -> None:
    press(page, "a")
    bring(page, "mine.json", text)
    assert until(lambda: text_of(page, "notice")) == problem
    assert text_of(page, "counts") == "1 done (1 accepted, 0 rejected), 4 left"


def test_a_decision_on_nothing_is_not_imported(page: Page, running: tuple[Page, Path]) -> None:
    press(page, "a")
    value = exported(page, running[1])
    value["decisions"][0]["head"] = 3
    bring(page, "mine.json", json.dumps(value))
    assert "holds a decision on what is not suggested here" in until(lambda: text_of(page, "notice"))


def test_without_storage_the_page_works_and_says_so(page: Page, running: tuple[Page, Path]) -> None:
    page.run("Storage.prototype.setItem = () => { throw new Error('full') }")
    press(page, "ar")
    assert "keeps no decisions" in text_of(page, "notice")
    assert made(exported(page, running[1])) == [row(0, "accept"), row(1, "reject")]


def test_what_was_kept_and_cannot_be_read_is_not_thrown_away(page: Page, running: tuple[Page, Path]) -> None:
    press(page, "a")
    page.run("localStorage.setItem(Object.keys(localStorage)[0], '{half')")
    page.open(running[1])
    assert "cannot be read" in text_of(page, "notice")
    assert page.run("Object.values(localStorage)").count("{half") >= 1
    press(page, "a")
    assert text_of(page, "counts") == "1 done (1 accepted, 0 rejected), 4 left"
    assert "{half" in page.run("Object.values(localStorage)")


def test_text_is_text_and_never_markup(page: Page) -> None:
    assert page.run("window.pwned") is None
    assert ODD in text_of(page, "about")
    assert ODD in text_of(page, "text")
    assert ODD in texts(page, "#list small")[0]


def test_the_pieces_mark_who_is_meant(page: Page) -> None:
    assert texts(page, "#text mark") == ["Ann head", "Rome tail", "Ann head", "Bob via", "'s house via"]
    paragraphs = texts(page, "#text p")
    assert paragraphs[0].startswith("Sentence 1")
    assert paragraphs[0].endswith("…")
    assert len(paragraphs) == 2
    press(page, "w")
    assert len(texts(page, "#text p")) == 3
    assert page.run("document.getElementById('whole').getAttribute('aria-pressed')") == "true"
    assert texts(page, "#reasons .rule") == [
        "+1.25 for: a(h, z) ∧ a⁻¹(z, t) → country (P17)(h, t)",
        "−0.75 against: any(h, z) ∧ a(z, t) → country (P17)(h, t)",
    ]
    assert texts(page, "#reasons small") == ["chain", "open rule"]
    assert texts(page, "#reasons .step")[:2] == [
        "Ann — a (0.500) → Bob's house",
        "Bob's house — a⁻¹ (0.250) → Rome <b>",
    ]
    press(page, "j")
    assert texts(page, "#reasons li") == ["No rule speaks."]


def test_lists_are_filtered(page: Page) -> None:
    def choose(name: str, value: str) -> None:
        page.run(
            f"(e => {{ e.value = '{value}'; e.dispatchEvent(new Event('change')) }})(document.getElementById('{name}'))"
        )

    press(page, "a")
    choose("kind", "doubtful")
    assert text_of(page, "found") == "2 of 5 suggestions"
    assert text_of(page, "fact") == "Rome <b> — a → Ann"
    assert "Accept: remove the label" in text_of(page, "accept")
    press(page, "k")
    assert text_of(page, "said") == "This is the first one."
    choose("kind", "")
    choose("state", "left")
    assert text_of(page, "found") == "4 of 5 suggestions"
    press(page, "r")
    assert text_of(page, "found") == "3 of 5 suggestions"
    choose("state", "accept")
    assert ["✓ accepted" in listed for listed in texts(page, "#list li")] == [True]


def test_help_opens_and_closes_and_no_key_decides_behind_it(page: Page) -> None:
    press(page, "?")
    assert page.run("document.getElementById('keys').open")
    press(page, "ar")
    assert text_of(page, "counts") == "0 done (0 accepted, 0 rejected), 5 left"
    press(page, "?")
    assert not page.run("document.getElementById('keys').open")
    page.click("#help")
    page.click("#close")
    assert not page.run("document.getElementById('keys').open")


def test_buttons_do_what_keys_do(page: Page) -> None:
    page.click("#accept")
    page.click("#reject")
    assert text_of(page, "counts") == "2 done (1 accepted, 1 rejected), 3 left"
    page.click("#undo")
    page.click("#next")
    page.click("#previous")
    assert text_of(page, "counts") == "1 done (1 accepted, 0 rejected), 4 left"
    page.run("document.querySelector('#list button').focus()")
    page.press("Tab")
    page.press("Enter")
    assert page.run("document.activeElement.closest('li').dataset.index") == "1"  # the focus stays in the list
    assert text_of(page, "fact") == "Ann — a → Bob's house"


def test_colours_names_and_focus(page: Page) -> None:
    press(page, "ak")
    contrasts = page.run(CONTRASTS)
    assert len(contrasts) > 40
    assert [found for found in contrasts if found[0] < 4.5] == []  # WCAG 2.2, level AA
    names = page.run(
        "[...document.querySelectorAll('input, select, button, progress')]"
        ".map(e => e.ariaLabel || e.labels?.[0]?.innerText || e.textContent).filter(name => !name.trim())"
    )
    assert names == []
    page.run("document.body.tabIndex = -1; document.body.focus()")
    page.press("Tab")
    assert page.run("document.activeElement.id") == "skip"
    page.press("Enter")
    assert page.run("document.activeElement.id") == "fact"
    page.press("Tab")
    assert page.run("document.activeElement.id") == "accept"
    assert page.run("getComputedStyle(document.activeElement).outlineWidth") == "3px"


@pytest.mark.parametrize("width", [390, 700, 1280])
def test_no_width_needs_sideways_scrolling(page: Page, width: int) -> None:
    page.screen(width, 844)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    for button in ("accept", "reject", "undo", "previous", "next"):
        assert page.run(
            f"(r => r.top >= 0 && r.bottom <= innerHeight && r.height >= 24)"
            f"(document.getElementById('{button}').getBoundingClientRect())"
        )
    press(page, "jjj")
    assert page.run("document.getElementById('fact').getBoundingClientRect().bottom < innerHeight")
    assert page.run("document.getElementById('question').getBoundingClientRect().top >= 0")


def test_without_a_suggestion_the_page_says_so(page: Page, running: tuple[Page, Path], tmp_path: Path) -> None:
    page.open(write(tmp_path / "empty", ()))
    press(page, "arjkuw")
    assert text_of(page, "fact") == "There is nothing to look at."
    assert page.errors == []
    page.requests.clear()
    page.open(running[1])
