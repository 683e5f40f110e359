"""The page of suggestions: what it shows, and that everybody can use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from audit_page_builders import (
    ODD,
    press,
    text_of,
    texts,
    write,
)
from chromium import CONTRASTS, Page


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
