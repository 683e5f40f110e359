"""`logire audit suggest`: hidden facts are found, by models that have not seen them; the files are what was ranked."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audit_builders import ASKED, SETTINGS, Hidden
from hypothesis import given
from hypothesis import strategies as st

from logire.audit.crossfit import cross_fitted, draw
from logire.audit.suggest import COLUMNS, suggest
from logire.audit.suggestion import PAGE, RANKINGS, SUGGESTIONS, TABLE, Rankings, Suggestions
from logire.corpus.dump import write_dump
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.rules.outoffold import read_out_of_fold
from logire.rules.run import fit_run


@given(st.integers(4, 60), st.integers(2, 8), st.integers(0, 10))
def test_groups_part_the_documents_and_are_fitted_on_the_others(count: int, groups: int, seed: int) -> None:
    if count < 2 * groups:
        with pytest.raises(InputError, match=r"--groups: .* documents cannot make"):
            draw(count, groups, seed)
        return
    found = draw(count, groups, seed)
    assert sorted(place for own, _, _ in found for place in own) == list(range(count))
    assert max(len(own) for own, _, _ in found) - min(len(own) for own, _, _ in found) <= 1
    for own, fit, dev in found:
        assert sorted([*own, *fit, *dev]) == list(range(count))
        assert len(dev) == max(1, (count - len(own)) // 5)
    assert found == draw(count, groups, seed)


def test_hidden_facts_are_found_far_above_chance(world: Hidden) -> None:
    found = Suggestions.read(world.audit)
    missing = [(s.title, *s.triple) for s in found.of_kind("missing")[:100]]
    doubtful = [(s.title, *s.triple) for s in found.of_kind("doubtful")[: len(world.made_up)]]
    corpus = PreparedCorpus.open(world.documents)
    facts = {(d.title, f.head, f.relation, f.tail) for d in corpus.train for f in d.facts}
    candidates = sum(len(d.entities) * (len(d.entities) - 1) for d in corpus.train) * len(corpus.schema.relations)
    chance = len(world.lacking) / (candidates - len(facts))
    right = len(world.lacking & set(missing)) / len(missing)
    assert right > 0.6
    assert right > 50 * chance
    assert not facts & set(missing)
    assert set(doubtful) <= facts
    assert len(world.made_up) / len(facts) < 0.05
    assert len(world.made_up & set(doubtful)) >= len(world.made_up) / 2


def test_the_lists_are_those_of_plain_loops(world: Hidden) -> None:
    found, rankings = Suggestions.read(world.audit), Rankings.read(world.audit)
    corpus = PreparedCorpus.open(world.documents)
    documents = read_out_of_fold(world.dumps, corpus)
    rows = []
    groups = cross_fitted(
        documents, corpus.schema, groups=3, seed=1, settings=SETTINGS, report=lambda what, done, total: None
    )
    for number, group in enumerate(groups, start=1):
        for d, place, scores in zip(group.documents, group.places, group.model.scores(group.documents), strict=True):
            n, _, relations = scores.shape
            for h, t, r in product(range(n), range(n), range(relations)):
                if h != t:
                    margin = float(np.float32(scores[h, t, r] - group.model.fitted.theta))
                    logit = float(d.logits[h, t, r])
                    labelled = bool(d.labels[h, t, r])
                    rows.append((labelled, place, h, t, r, margin, logit - group.theta, number))
    names = [d.title for d in documents]
    for kind, labelled, sign in (("missing", False, 1), ("doubtful", True, -1)):
        of_kind = [row for row in rows if row[0] == labelled]
        ours = sorted(of_kind, key=lambda row: (-sign * row[5], row[1:5]))[:150]
        listed = found.of_kind(kind)
        assert [(s.title, s.head, s.tail, s.relation, s.group) for s in listed] == [
            (names[place], h, t, corpus.schema.relations[r], number) for _, place, h, t, r, _, _, number in ours
        ]
        np.testing.assert_allclose([s.margin for s in listed], [row[5] for row in ours], atol=1e-6)
        theirs = sorted(of_kind, key=lambda row: (-sign * row[6], row[1:5]))[:150]
        backbone = getattr(rankings, kind)["backbone"]
        np.testing.assert_allclose([e.value for e in backbone], [row[6] for row in theirs], atol=1e-6)
        assert {(e.title, *e.triple) for e in backbone} == {
            (names[place], h, corpus.schema.relations[r], t) for _, place, h, t, r, *_ in theirs
        }
        rules = [e.value for e in getattr(rankings, kind)["rules"]]
        assert rules == sorted(rules, reverse=kind == "missing")


def test_suggestions_say_what_their_document_says(world: Hidden) -> None:
    found = Suggestions.read(world.audit)
    corpus = PreparedCorpus.open(world.documents)
    documents = {d.title: d for d in corpus.train}
    logits = {d.title: d.logits for d in read_out_of_fold(world.dumps, corpus)}
    assert [d.title for d in found.documents] == [d.title for d in corpus.train]
    spoken = 0
    for s in found.suggestions:
        document = documents[s.title]
        assert [e.number for e in s.entities[:2]] == [s.head, s.tail]
        for entity in s.entities:
            there = document.entities[entity.number]
            assert (entity.name, entity.type) == (there.name, there.type)
            assert list(entity.mentions) == [(m.sentence, m.start, m.end) for m in there.mentions]
        r = corpus.schema.relation_index[s.relation]
        assert s.backbone == pytest.approx(float(logits[s.title][s.head, s.tail, r]), abs=1e-6)
        assert s.probability == pytest.approx(1 / (1 + np.exp(-s.margin)), abs=1e-6)
        assert sorted(set(s.sentences)) == sorted({sentence for sentence, _, _ in s.pieces})
        for reason in s.reasons:
            assert (reason.path[0].head, reason.path[-1].tail) == (s.head, s.tail)
            assert reason.rule.startswith(f"{s.relation} <- ")
            assert reason.kind != "identity"
        if s.reason:
            spoken += 1
            assert (s.reason.contribution > 0) == (s.kind == "missing")
    assert spoken > 100


def test_the_table_has_a_line_for_each_suggestion(world: Hidden) -> None:
    found = Suggestions.read(world.audit)
    rows = list(csv.DictReader((world.audit / TABLE).open(encoding="utf-8")))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["kind"], row["document"], int(row["head"]), row["relation"], int(row["tail"])) for row in rows] == [
        (s.kind, s.title, *s.triple) for s in found.suggestions
    ]
    assert [row["rule"] for row in rows] == [s.reason.rule if s.reason else "" for s in found.suggestions]


def test_equal_calls_write_equal_bytes(world: Hidden, tmp_path: Path) -> None:
    suggest(world.documents, world.dumps[::-1], tmp_path / "again", **ASKED)
    one, other = (json.loads((folder / SUGGESTIONS).read_text()) for folder in (world.audit, tmp_path / "again"))
    assert one.pop("dumps") == other.pop("dumps")[::-1]
    assert one == other
    suggest(world.documents, world.dumps, tmp_path / "same", **ASKED)
    for name in (SUGGESTIONS, RANKINGS, TABLE, PAGE):
        assert (tmp_path / "same" / name).read_bytes() == (world.audit / name).read_bytes()


def test_the_documents_other_labels_speak_by_default(world: Hidden, tmp_path: Path) -> None:
    found = suggest(world.documents, world.dumps, tmp_path, groups=3, most=150, settings=SETTINGS)
    corpus = PreparedCorpus.open(world.documents)
    documents = read_out_of_fold(world.dumps, corpus)
    expected, parts = {}, {}
    groups = cross_fitted(
        documents, corpus.schema, groups=3, seed=1, settings=SETTINGS, report=lambda what, done, total: None
    )
    for group in groups:
        for d, margins in zip(group.documents, group.given_margins(), strict=True):
            weights, confidence = group.combined, group.confidence.values(d)
            assert weights.own > 0
            assert weights.rules > 0
            for h, t, r in product(range(len(d.types)), range(len(d.types)), range(margins.shape[2])):
                own = min(max(float(margins[h, t, r]), -30.0), 30.0)
                c = float(confidence[h, t, r])
                part = weights.rules * (np.log((c + 0.02) / (1.02 - c)) - np.log(0.02 / 1.02))
                fact = d.title, h, corpus.schema.relations[r], t
                if h != t:
                    expected[fact] = weights.shift + weights.own * own + part
                    parts[fact] = part
    labelled = {(d.title, f.head, f.relation, f.tail) for d in corpus.train for f in d.facts}
    for kind, wanted, sign in (("missing", False, 1), ("doubtful", True, -1)):
        best = sorted(sign * value for fact, value in expected.items() if (fact in labelled) == wanted)[::-1][:150]
        listed = found.of_kind(kind)
        np.testing.assert_allclose([sign * s.margin for s in listed], best, atol=1e-5)
        for s in listed:
            of_labels = [reason.contribution for reason in s.reasons if reason.kind == "labels"]
            assert s.margin == pytest.approx(expected[s.title, *s.triple], abs=1e-5)
            assert sum(of_labels) == pytest.approx(parts[s.title, *s.triple], abs=1e-5)
    before = Suggestions.read(world.audit).of_kind("missing")
    mine, theirs = ({(s.title, *s.triple) for s in of_kind} for of_kind in (found.of_kind("missing"), before))
    assert len(mine & world.lacking) > len(theirs & world.lacking)
    rankings = Rankings.read(tmp_path).missing
    assert {(e.title, *e.triple) for e in rankings["logire_plus"]} == theirs
    assert set(rankings) == {"logire_plus", "backbone", "rules"}


def test_a_run_scores_the_documents_and_warns_of_its_own(
    world: Hidden, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = PreparedCorpus.open(world.documents)
    train = {d.title: d.logits for d in read_out_of_fold(world.dumps, corpus)}
    rng = np.random.default_rng(2)
    logits = {"train": train} | {
        split: {
            d.title: (np.where(labels, 1.0, -5.0) + rng.normal(0, 1.5, labels.shape)).astype(np.float32)
            for d in corpus.documents(split)
            for labels in [corpus.schema.labels(d)]
        }
        for split in ("dev", "test")
    }
    write_dump(tmp_path / "all.safetensors", logits)
    fitted = fit_run(
        world.documents, tmp_path / "all.safetensors", tmp_path / "run", settings=SETTINGS, seed=1, method="logire_plus"
    )
    asked: dict[str, Any] = {"split": "test", "run": tmp_path / "run", "most": 20, "ranked_by": "logire_plus"}
    found = suggest(world.documents, [tmp_path / "all.safetensors"], tmp_path / "out", **asked)
    assert caplog.text == ""
    assert (found.groups, len(found.suggestions)) == (1, 40)
    test = read_out_of_fold([tmp_path / "all.safetensors"], corpus, "test")
    scores = dict(zip([d.title for d in test], fitted.model.scores(test), strict=True))
    for s in found.suggestions:
        score = scores[s.title][s.head, s.tail, corpus.schema.relation_index[s.relation]]
        assert s.margin == pytest.approx(float(score) - fitted.model.fitted.theta, abs=1e-5)
    assert Rankings.read(tmp_path / "out").missing["rules"]
    suggest(world.documents, world.dumps, tmp_path / "own", run=tmp_path / "run", most=5)
    assert "60 of these documents" in caplog.text
    assert "are in the run's training split" in caplog.text


def test_dumps_that_do_not_hold_the_split_are_refused_and_nothing_is_written(world: Hidden, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="30 training documents are in no dump"):
        suggest(world.documents, world.dumps[:1], out)
    with pytest.raises(InputError, match=r"is in .* too"):
        suggest(world.documents, [*world.dumps, world.dumps[0]], out)
    with pytest.raises(InputError, match="8 dev documents are in no dump"):
        suggest(world.documents, world.dumps, out, split="dev")
    with pytest.raises(InputError, match="--groups"):
        suggest(world.documents, world.dumps, out, groups=31)
    with pytest.raises(InputError, match="--most"):
        suggest(world.documents, world.dumps, out, most=0)
    assert not out.exists()
