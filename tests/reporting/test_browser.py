"""The explanation browser: what the page holds, and a walk through it in a real browser where there is one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest
from chromium import PROGRAM, Page, chromium
from reporting_builders import prepared

from logire.corpus.document import Document, Entity, Fact, Mention
from logire.corpus.dump import write_dump
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.records import RunRecord
from logire.reporting.browser import browser

SCRIPT = '</script><script>window.pwned=1</script> & #1, 100%+ of "them": שלום 🙂'
"""A title that is markup, and has everything that means something in an address."""
RELATIONS = ("a", "b", "c", "P17")


def document(title: str, *facts: tuple[int, str, int]) -> Document:
    """Ann 0, Bob's house 1 (with Bob 2 inside it); many words later Rome 3 and Zoe 4."""
    first = ("Ann", "knows", "Bob", "'s", "house", SCRIPT, ".")
    second = (*("word",) * 600, "Rome", "&", "Bob", "met", "Zoe", ".")
    ann = Entity((Mention(f"Ann {title}", 0, 0, 1, "thing"),))
    house = Entity((Mention("Bob's house", 0, 2, 5, "thing"),))
    bob = Entity((Mention("Bob", 0, 2, 3, "thing"), Mention("Bob", 1, 602, 603, "thing")))
    rome = Entity((Mention("Rome <b>", 1, 600, 601, "thing"),))
    zoe = Entity((Mention("Zoe", 1, 604, 605, "thing"),))
    return Document(title, (first, second), (ann, house, bob, rome, zoe), tuple(Fact(*fact) for fact in facts))


# c(0, 3) follows from a(0, 2) and the inverse of b(3, 2).
DOCUMENTS = [document("one", (0, "a", 2), (3, "b", 2), (0, "c", 3)), document(SCRIPT, (0, "a", 1))]


def reason(rule: str, contribution: float, *steps: tuple[int, str, float, int]) -> dict[str, Any]:
    path = [{"from_idx": h, "atom": atom, "score": score, "to_idx": t} for h, atom, score, t in steps]
    return {"rule": rule, "contribution": contribution, "weight": 2.0, "phi": contribution / 2, "path": path}


def explanation(title: str, head: int, relation: str, tail: int, score: float, *reasons: dict[str, Any]) -> str:
    row = {"title": title, "h_idx": head, "r": relation, "t_idx": tail, "score": score, "predicted": True}
    row |= {"threshold": 0.5, "bias": -1.5, "residual": 0.75, "backbone_probability": 0.25}
    return json.dumps(row | {"reasons": list(reasons)})


ROWS = [
    explanation(
        "one", 0, "a", 2, 1.0,
        reason("a <- any ^ b", 1.0, (0, "any", 1.0, 1), (1, "b", 0.9, 2)),
        reason("a <- a", -0.004, (0, "a", 0.9, 2)),
    ),
    explanation(
        "one", 0, "c", 3, 2.0,
        reason("c <- a ^ ~b", 1.5, (0, "a", 0.9, 2), (2, "~b", 0.8, 3)),
        reason("c <- c", 0.5, (0, "c", 0.25, 3)) | {"closing": True, "weight": 0.5, "phi": 0.25},
    ),
    explanation(SCRIPT, 1, "P17", 0, 3.0),
]  # fmt: skip
BACKBONE = [
    Prediction("one", 0, "a", 2, 4.0),
    Prediction("one", 1, "b", 0, 0.125),
    Prediction("one", 3, "b", 4, 0.125),
    Prediction(SCRIPT, 0, "a", 1),
]


def write(folder: Path, rows: list[str] = ROWS, **changes: Any) -> Path:
    """A run that has predicted, and beside it its corpus and its backbone's run; returns the run's folder."""
    run, backbone = folder / "run", folder / "backbone"
    for place in (run, backbone):
        place.mkdir(parents=True)
    (run / "explanations-test.jsonl").write_text("".join(f"{row}\n" for row in rows))
    write_predictions(backbone / "predictions-test.json", BACKBONE)
    RunRecord(method="backbone", backbone="bilstm", seed=7).write(backbone)
    RunRecord(
        method="logire_plus",
        backbone="bilstm",
        seed=7,
        documents="../documents",
        logits="../backbone/logits.safetensors",
    ).write(run)
    splits = dict.fromkeys(("train", "dev", "test"), DOCUMENTS) | changes.pop("splits", {})
    prepared(folder / "documents", splits, relations=RELATIONS, **changes)
    return run


class Reader(HTMLParser):
    """The tags of a page, and the text in its script elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag == "script"
        links = [value for name, value in attrs if name in ("src", "href") and value and not value.startswith("#")]
        assert not links, "the page asks for something"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def made(folder: Path, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The page and the data in it."""
    text = browser(write(folder, **changes), "test").read_text(encoding="utf-8")
    return text, json.loads(Reader(text).scripts[0])


def test_the_data_in_the_page(tmp_path: Path) -> None:
    _, data = made(tmp_path)
    assert data["relations"] == ["a", "b", "c", "country (P17)"]
    one, two = data["documents"]
    assert one["sentences"] == [list(sentence) for sentence in DOCUMENTS[0].sentences]
    assert one["entities"][2] == {"name": "Bob", "type": 0, "mentions": [[0, 2, 3], [1, 602, 603]]}
    found = [(p["head"], p["relation"], p["tail"], p["change"], p["right"], p["score"]) for p in one["predictions"]]
    assert found == [
        (0, 2, 3, "added", True, 2.0),
        (0, 0, 2, "same", True, 1.0),
        (1, 1, 0, "removed", False, 0.125),
        (3, 1, 4, "removed", False, 0.125),
    ]
    best = one["predictions"][0]["reasons"][0]
    assert best["rule"] == "a(h, z) ∧ b⁻¹(z, t) → c(h, t)"
    assert best["path"] == [[0, "a", 0.9, 2], [2, "b⁻¹", 0.8, 3]]
    assert [reason.get("closing") for reason in one["predictions"][0]["reasons"]] == [None, True]
    open_rule = one["predictions"][1]["reasons"][0]
    assert open_rule["rule"] == "any(h, z) ∧ b(z, t) → a(h, t)"
    assert open_rule["path"] == [[0, "any", 1.0, 1], [1, "b", 0.9, 2]]
    assert [(p["change"], p["right"]) for p in two["predictions"]] == [("added", False), ("removed", True)]
    assert two["predictions"][1]["score"] is None


def test_nothing_in_the_data_becomes_markup(tmp_path: Path) -> None:
    text, data = made(tmp_path, name=f"corpus{SCRIPT}")
    tags = Reader(text).tags
    assert tags.count("script") == 2
    assert "b" not in tags
    assert "<script>window" not in text
    assert data["documents"][1]["title"] == data["documents"][0]["sentences"][0][5] == SCRIPT


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    assert made(tmp_path / "one")[0] == made(tmp_path / "two")[0]


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_corpus_is_called_so(tmp_path: Path, synthetic: bool) -> None:
    text, _ = made(tmp_path, synthetic=synthetic, name="dwie")
    header = text[text.index("<header>") : text.index("</header>")]
    assert ("SYNTHETIC" in header) == synthetic
    assert "BiLSTM + LogiRE+" in header
    assert "Corpus DWIE, backbone BiLSTM, method LogiRE+, seed 7, test split" in header


def test_without_labels_nothing_is_right_or_wrong(tmp_path: Path) -> None:
    unlabelled = [Document(d.title, d.sentences, d.entities, ()) for d in DOCUMENTS]
    _, data = made(tmp_path, splits={"test": unlabelled})
    assert {p["right"] for d in data["documents"] for p in d["predictions"]} == {None}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (explanation("nowhere", 0, "a", 1, 1.0), "no such document"),
        (explanation("one", 0, "unknown", 1, 1.0), "field r: unknown relation 'unknown'"),
        (explanation("one", 0, "a", 5, 1.0), "field t_idx: entity 5 does not exist"),
        (
            explanation("one", 0, "a", 1, 1.0, reason("a <- b", 1.0, (0, "b", 0.5, 9))),
            "to_idx: entity 9 does not exist",
        ),
        (explanation("one", 0, "a", 1, 1.0, {"rule": "a <- b"}), "contribution: is missing"),
    ],
)
def test_refusals(tmp_path: Path, row: str, message: str) -> None:
    run = write(tmp_path, [row])
    with pytest.raises(InputError, match=message) as caught:
        browser(run, "test")
    assert caught.value.file == f"{run / 'explanations-test.jsonl'}, line 1"
    assert not (run / "explanations.html").exists()


def test_what_the_backbone_predicts_follows_from_its_logits_where_it_has_no_run(tmp_path: Path) -> None:
    run = write(tmp_path)
    corpus = PreparedCorpus.open(tmp_path / "documents")
    shape = (5, 5, len(RELATIONS))
    rng = np.random.default_rng(5)
    labels = {d.title: corpus.schema.labels(d) for d in DOCUMENTS}
    logits = {
        split: {d.title: (rng.normal(size=shape) + 4.0 * labels[d.title]).astype(np.float32) for d in DOCUMENTS}
        for split in ("train", "dev", "test")
    }
    for place in (tmp_path / "backbone", tmp_path / "own"):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        write_dump(place / "logits.safetensors", logits)
    write_predictions(tmp_path / "own/predictions-test.json", [])  # of nobody
    apart = ~np.eye(5, dtype=bool)
    right = np.concatenate([labels[d.title][apart].ravel() for d in DOCUMENTS])
    scores = np.concatenate([logits["dev"][d.title][apart].ravel() for d in DOCUMENTS])
    theta = max(scores, key=lambda t: (2 * right[scores >= t].sum() / ((scores >= t).sum() + right.sum()), t))
    expected = {
        (d.title, h, r, t)
        for d in DOCUMENTS
        for h, t, r in np.argwhere(logits["test"][d.title] >= theta).tolist()
        if h != t
    }
    assert 0 < len(expected) < 30
    for dump in (None, tmp_path / "own/logits.safetensors"):
        text = browser(run, "test", logits=dump).read_text(encoding="utf-8")
        data = json.loads(Reader(text).scripts[0])
        found = [(d["title"], p) for d in data["documents"] for p in d["predictions"] if p["change"] != "added"]
        assert {(title, p["head"], p["relation"], p["tail"]) for title, p in found} == expected
        assert f"from a logit of {theta:.2f} up" in text


def test_a_run_that_has_not_predicted_is_told_to(tmp_path: Path) -> None:
    run = write(tmp_path)
    with pytest.raises(InputError, match="does not exist") as caught:
        browser(run, "dev")
    assert (caught.value.file, caught.value.remedy) == (
        str(run / "explanations-dev.jsonl"),
        f"predict first: logire predict {run}",
    )


def test_only_a_fitted_run_is_explained_and_by_its_own_explanations(tmp_path: Path) -> None:
    run = write(tmp_path)
    with pytest.raises(InputError, match=r"run\.json, field method: 'backbone' is no method"):
        browser(tmp_path / "backbone", "test")
    with pytest.raises(InputError, match="is a file") as caught:
        browser(run / "explanations-test.jsonl", "test")
    assert caught.value.remedy == f"name the folder: logire browse {run}"
    record = RunRecord.read(run)
    record.model_copy(update={"files": {"model.safetensors": "0" * 64}}).write(run)
    with pytest.raises(InputError, match=r"explanations-test\.jsonl: is not what the run in run\.json explained"):
        browser(run, "test")


def test_predictions_beside_other_logits_are_not_the_backbones(tmp_path: Path) -> None:
    run = write(tmp_path)
    record = RunRecord.read(run)
    record.model_copy(update={"logits_digest": "0" * 64}).write(run)
    backbone = RunRecord.read(tmp_path / "backbone")
    digests = {"predictions-test.json": file_digest(tmp_path / "backbone/predictions-test.json")}
    for logits, refused in (("0" * 64, False), ("1" * 64, True)):
        backbone.model_copy(update={"files": digests | {"logits.safetensors": logits}}).write(tmp_path / "backbone")
        with pytest.raises(InputError, match=r"logits\.safetensors: does not exist") if refused else nullcontext():
            browser(run, "test")


# In a real browser


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
        "weight +2.00 × path 0.750",
        "closure: 0.5 of the way to the weakest atom, 0.250",
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


CONTRASTS = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const shown = e.getClientRects().length && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    for (const part of shown ? [null, e.matches('mark') ? '::after' : null] : []) {
      const pair = [light(rgb(getComputedStyle(e, part).color)), light(ground(e))].sort((a, b) => b - a);
      found.push([(pair[0] + 0.05) / (pair[1] + 0.05), e.tagName + '.' + e.className]);
    }
  }
  return found;
})()"""


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
