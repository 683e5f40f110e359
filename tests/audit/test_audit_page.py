"""The page of suggestions: decided by keyboard in a real browser, where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audit_page_builders import (
    exported,
    made,
    press,
    row,
    text_of,
    texts,
    until,
)
from chromium import Page


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
