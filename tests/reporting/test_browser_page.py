"""The explanation browser: a walk through its page in a real browser, where there is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from browser_builders import SCRIPT, write
from chromium import CONTRASTS, PROGRAM, Page, chromium

from logire.reporting.browser import browser


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    if PROGRAM is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    folder = tmp_path_factory.mktemp("browser")
    file = browser(write(folder / "one", synthetic=True), "test")
    with chromium(folder / "profile") as page:
        yield page, file


@pytest.fixture
def page(running: tuple[Page, Path]) -> Iterator[Page]:
    page, file = running
    page.screen(1400, 900)
    page.errors.clear()
    page.requests.clear()
    page.open(file)
    yield page
    assert page.errors == []
    assert set(page.requests) == {file.as_uri()}


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)")
    return found


def text_of(page: Page, name: str) -> str:
    return str(page.run(f"document.getElementById('{name}').textContent"))


def enter(page: Page, name: str, value: str, event: str = "change") -> None:
    """Give a control a value as if it had been typed or chosen."""
    page.run(
        f"(e => {{ e.value = '{value}'; e.dispatchEvent(new Event('{event}')) }})(document.getElementById('{name}'))"
    )


MARKED = "#text mark.on-path"
VISIBLE = """(() => {
  const box = document.querySelector('main').getBoundingClientRect();
  return [...document.querySelectorAll('#text mark.on-path')].map(mark => {
    const r = mark.getBoundingClientRect();
    return r.top >= box.top && r.bottom <= Math.min(box.bottom, innerHeight);
  });
})()"""


def test_choosing_a_prediction_marks_its_path_and_scrolls_there(page: Page) -> None:
    assert [found.split("\n")[0] for found in texts(page, "#predictions > li > button")] == [
        "Ann one — c → Rome <b>",
        "Ann one — a → Bob",
        "Bob's house — b → Ann one",
        "Rome <b> — b → Zoe",
    ]
    assert texts(page, MARKED) == []
    page.click('[data-index="0"]')
    assert texts(page, "[aria-pressed=true] .rule") == ["+1.50: a(h, z) ∧ b⁻¹(z, t) → c(h, t)"]
    assert texts(page, "[aria-pressed=true] .step") == ["Ann one — a (0.900) → Bob", "Bob — b⁻¹ (0.800) → Rome <b>"]
    assert texts(page, ".why small") == [
        "chain: weight +2.00 × path 0.750",
        "constraint: the score moved toward the weakest atom, 0.250, by 0.5",
    ]
    assert "(bias −1.50, the backbone's own part 0.75 and the rules' parts)" in texts(page, ".why > p")[0]
    assert texts(page, MARKED) == ["1Ann", "2Bob", "3Rome", "2Bob"]
    assert text_of(page, "entity") == "Marked: 1 Ann one, 2 Bob, 3 Rome <b>"
    assert page.run(VISIBLE)[0]
    page.click('[data-reason="1"]')
    assert texts(page, MARKED) == ["1Ann", "2Rome"]
    page.click('[data-index="2"]')
    assert texts(page, MARKED) == ["2Ann", "1Bob", "1's house"]
    assert "Predicted by the backbone alone (its score: 0.13)" in texts(page, ".why")[0]
    page.click('[data-index="2"]')
    assert (texts(page, MARKED), texts(page, ".why")) == ([], [])


@pytest.mark.parametrize("width", [1400, 400])
def test_what_is_far_down_the_text_comes_into_view(page: Page, width: int) -> None:
    page.screen(width, 800)
    page.click('[data-index="3"]')
    assert texts(page, MARKED) == ["1Rome", "2Zoe"]
    assert page.run(VISIBLE) == [True, True]
    assert page.run("document.querySelector('main').scrollTop") > 0


def fact(title: str, name: str) -> str:
    return f"#{urlencode({'document': title, 'fact': name})}"


def until(page: Page, script: str) -> None:
    """Wait for something that the page does by and by."""
    page.run(f"new Promise(done => {{ const look = () => {script} ? done() : setTimeout(look, 5); look(); }})")


def test_the_address_names_what_is_shown_and_opens_it_again(page: Page) -> None:
    page.click('[data-index="3"]')
    assert page.run("location.hash") == "#document=one&fact=3-b-4"
    enter(page, "find", "/SCRIPT>", "input")
    page.click("#documents button")
    page.click('[data-index="0"]')
    address = page.run("location.hash")
    assert parse_qs(address[1:]) == {"document": [SCRIPT], "fact": ["1-P17-0"]}
    assert address.isascii()
    page.run("history.back()")
    until(page, "!document.querySelector('.chosen')")
    assert text_of(page, "title") == SCRIPT
    page.run("history.back()")
    until(page, "document.querySelector('.chosen')")
    assert (text_of(page, "title"), texts(page, ".chosen > button")[0].split("\n")[0]) == ("one", "Rome <b> — b → Zoe")
    page.run("history.back()")
    until(page, "!document.querySelector('.chosen')")
    page.run(f"location.hash = {json.dumps(address)}")
    until(page, "document.querySelector('.chosen')")
    assert text_of(page, "title") == SCRIPT
    assert page.run("document.title").startswith(SCRIPT)


@pytest.mark.parametrize("width", [1400, 400])
def test_a_link_scrolls_to_its_fact_and_opens_it(page: Page, width: int) -> None:
    page.screen(width, 500)
    enter(page, "change", "added")  # the fact is filtered away
    page.run(f"location.hash = {json.dumps(fact('one', '3-b-4'))}")
    until(page, "document.querySelector('.chosen')")
    assert page.run("document.activeElement.dataset.index") == "3"
    assert page.run(
        "(() => { const r = document.activeElement.getBoundingClientRect();"
        " return document.activeElement.contains(document.elementFromPoint(r.x + 9, r.y + 9)); })()"
    )
    assert texts(page, MARKED) == ["1Rome", "2Zoe"]
    assert page.run(VISIBLE) == [True, True]


@pytest.mark.parametrize(
    ("address", "title", "message"),
    [
        ("#elsewhere", "one", "This link names no document."),
        ("#document=%E0%A4%A", "one", "which is not on this page"),
        (fact("none", "0-a-1"), "one", "This link names the document “none”, which is not on this page."),
        (
            fact(SCRIPT, "0-c-3"),
            SCRIPT,
            "“0-c-3”, which neither LogiRE+ nor its backbone predicts here.",
        ),
        (fact(SCRIPT, ""), SCRIPT, "names the fact “”"),
    ],
)
def test_a_wrong_link_is_one_plain_message(page: Page, address: str, title: str, message: str) -> None:
    page.run(f"location.hash = {json.dumps(address)}")
    until(page, "document.getElementById('notice').textContent")
    assert message in text_of(page, "notice")
    assert text_of(page, "title") == title
    page.click('[data-index="0"]')
    assert text_of(page, "notice") == ""


def test_what_rounds_to_zero_has_no_minus(page: Page) -> None:
    page.click('[data-index="1"]')
    assert texts(page, ".why .rule") == ["+1.00: any(h, z) ∧ b(z, t) → a(h, t)", "+0.00: a(h, t) → a(h, t)"]


def test_filters(page: Page) -> None:
    enter(page, "change", "removed")
    assert texts(page, "#predictions .badge") == ["− removed", "✗ wrong"] * 2
    assert text_of(page, "count") == "2 of 4 predictions in this document"
    enter(page, "change", "")
    enter(page, "verdict", "true")
    assert texts(page, "#predictions .badge") == ["+ added", "✓ right", "= same", "✓ right"]
    page.click('[data-index="0"]')
    enter(page, "relation", "0")
    assert texts(page, "#predictions .badge") == ["= same", "✓ right"]
    assert texts(page, MARKED) == []  # the chosen one is filtered away
    assert texts(page, "#relation option") == ["all", "a", "b", "c", "country (P17)"]


def test_documents_are_found_by_entity_and_opened(page: Page) -> None:
    enter(page, "find", "ann ONE", "input")
    assert text_of(page, "found") == "1 of 2 documents"
    enter(page, "find", "/SCRIPT>", "input")
    page.click("#documents button")
    assert text_of(page, "title") == SCRIPT
    assert page.run("window.pwned") is None
    assert texts(page, "#documents [aria-current=true]")
    assert len(texts(page, "#predictions > li")) == 2


def test_a_mention_names_its_entities(page: Page) -> None:
    page.run("document.querySelectorAll('mark')[1].dispatchEvent(new Event('mouseenter'))")
    assert text_of(page, "entity") == "Bob: thing, 2 mentions; Bob's house: thing, 1 mention"
    assert texts(page, "mark.of-entity") == ["Bob", "Bob"]


def test_by_keyboard_alone(page: Page) -> None:
    page.run("document.getElementById('find').focus()")
    page.press("Tab")
    page.press("ArrowDown")
    page.press("Enter")  # the second document
    assert text_of(page, "title") == SCRIPT
    assert page.run("document.activeElement.getAttribute('aria-current')") == "true"
    page.press("Tab")
    assert page.run("document.activeElement.innerText") == "Ann"
    for key, text in (("ArrowRight", "Bob"), ("ArrowRight", "'s house"), ("ArrowLeft", "Bob"), ("Home", "Ann")):
        page.press(key)
        assert page.run("document.activeElement.innerText") == text
    assert text_of(page, "entity").startswith("Ann ")
    page.press("/")
    assert page.run("document.activeElement.id") == "find"
    page.press("/")
    assert page.run("document.activeElement.value") == "/"
    enter(page, "find", "", "input")
    page.run("document.activeElement.blur()")
    page.run("document.body.prepend(Object.assign(document.createElement('b'), {id: 'start', tabIndex: -1}))")
    page.run("document.getElementById('start').focus()")
    page.press("Tab")
    assert page.run("document.activeElement.id") == "skip"
    assert page.run("document.activeElement.getBoundingClientRect().top >= 0")
    page.press("Enter")
    assert page.run("document.activeElement.id") == "predictions-title"
    for _ in range(4):  # three filters, then the first prediction
        page.press("Tab")
    page.press("Enter")
    assert texts(page, "[aria-expanded=true]")
    assert page.run("document.activeElement.dataset.index") == "0"  # the focus stays where it was
    assert texts(page, MARKED) == ["2Ann", "1Bob", "1's house"]


def test_contrast_is_sufficient(page: Page) -> None:
    page.click('[data-index="0"]')
    contrasts = page.run(CONTRASTS)
    assert len(contrasts) > 40
    assert [found for found in contrasts if found[0] < 4.5] == []  # WCAG 2.2, level AA


def test_every_control_has_a_name(page: Page) -> None:
    names = page.run(
        "[...document.querySelectorAll('input, select, button')]"
        ".map(e => e.labels?.[0]?.innerText || e.innerText).filter(name => !name.trim())"
    )
    assert names == []


@pytest.mark.parametrize("width", [400, 700, 1400])
def test_no_width_needs_sideways_scrolling(page: Page, width: int) -> None:
    page.screen(width, 800)
    page.click('[data-index="0"]')
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("parseFloat(getComputedStyle(document.querySelector('#text p')).fontSize)") >= 16


@pytest.mark.parametrize("reduced", [True, False])
def test_motion_is_what_the_reader_prefers(page: Page, reduced: bool) -> None:
    page.screen(400, 800, reduced_motion=reduced)
    page.run("const view = document.querySelector('main'); view.scrollBy = (to) => { window.motion = to.behavior }")
    page.click('[data-index="0"]')
    assert page.run("motion") == ("auto" if reduced else "smooth")
