"""`logire audit judge`: precision and its interval against plain loops; what one side lacks is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit_builders import Hidden, revised
from typer.testing import CliRunner

from logire.audit.judge import Judged, Spread, judge
from logire.audit.suggestion import KINDS, Rankings, Suggestions
from logire.audit.verdict import as_dict, sentences
from logire.cli.app import app
from logire.corpus.document import Schema
from logire.corpus.prepared import SPLITS, PreparedCorpus, write_prepared
from logire.evaluation.significance import draws
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed

CUTS, DRAWS = (10, 50, 100), 400
MODEL, BACKBONE, RULES, BOTH = "logire_plus", "backbone", "rules", "combined"


@pytest.fixture(scope="module")
def judged(world: Hidden) -> Judged:
    return judge(world.audit, world.better, cuts=CUTS, samples=DRAWS)


def test_precision_and_intervals_are_those_of_plain_loops(world: Hidden, judged: Judged) -> None:
    found, rankings = Suggestions.read(world.audit), Rankings.read(world.audit)
    better = {d.title: {(f.head, f.relation, f.tail) for f in d.facts} for d in PreparedCorpus.open(world.better).train}
    titles = [d.title for d in found.documents]
    drawn = draws(derive_seed(1, "audit", "judge"), len(titles), DRAWS)
    rows = {(row.kind, row.method, row.cut): row for row in judged.rows}
    for kind in KINDS:
        lists = {MODEL: found.of_kind(kind), **getattr(rankings, kind)}
        assert set(lists) == {MODEL, BACKBONE, RULES, BOTH}
        for cut in CUTS:
            shares: dict[str, list[float]] = {}
            for method, facts in lists.items():
                if len(facts) < cut:
                    assert (kind, method, cut) not in rows
                    continue
                hits = [(s.title, (s.triple in better[s.title]) == (kind == "missing")) for s in facts[:cut]]
                row = rows[kind, method, cut]
                assert row.right == sum(right for _, right in hits)
                assert row.share.value == pytest.approx(row.right / cut)
                shares[method] = []
                for weights in drawn:
                    of_title = dict(zip(titles, weights.tolist(), strict=True))
                    total = sum(of_title[title] for title, _ in hits)
                    right = sum(of_title[title] for title, good in hits if good)
                    shares[method].append(right / total if total else np.nan)
                kept = [share for share in shares[method] if not np.isnan(share)]
                low, high = np.quantile(kept, [0.025, 0.975], method="nearest")
                assert (row.share.low, row.share.high) == (pytest.approx(low), pytest.approx(high))
                assert low <= row.share.value <= high
            if BACKBONE in shares and all(shares[BACKBONE]):
                ratio = rows[kind, BACKBONE, cut].ratio
                assert ratio is not None
                both = np.array(shares[MODEL]) / np.array(shares[BACKBONE])
                assert ratio.low == pytest.approx(np.quantile(both[~np.isnan(both)], 0.025, method="nearest"))
                value = rows[kind, MODEL, cut].right / rows[kind, BACKBONE, cut].right
                assert ratio.value == pytest.approx(value)
            assert rows[kind, MODEL, cut].ratio is None
    assert rows["missing", MODEL, 100].share.value > rows["missing", RULES, 100].share.value


def test_the_command_prints_and_writes_the_numbers(world: Hidden, tmp_path: Path) -> None:
    given = ["--suggestions", str(world.audit), "--revised", str(world.better)]
    out = tmp_path / "judged.json"
    done = CliRunner().invoke(app, ["audit", "judge", *given, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("embedded (synthetic), train: 60 documents compared")
    assert "missing facts: share that the better labels have" in done.output
    assert "doubtful labels: share that the better labels lack" in done.output
    assert "missing, LogiRE+: 150 in the list; no share of more." in lines
    value = json.loads(out.read_text())
    whole = judge(world.audit, world.better)
    assert value == json.loads(json.dumps(as_dict(whole)))
    assert value["lengths"]["missing"][MODEL] == 150
    printed = CliRunner().invoke(app, ["audit", "judge", *given, "--json"], catch_exceptions=False)
    assert json.loads(printed.output) == value


def test_what_one_side_lacks_is_left_out_and_said(world: Hidden, tmp_path: Path) -> None:
    found = Suggestions.read(world.audit)
    corpus = PreparedCorpus.open(world.better)
    first, second = list(dict.fromkeys(s.title for s in found.suggestions))[:2]
    documents = {d.title: d for d in corpus.train}
    changed = {
        first: replace(documents[first], title="another"),
        second: replace(documents[second], entities=documents[second].entities[:-1], facts=()),
    }
    judged = judge(world.audit, revised(tmp_path / "less", corpus, changed), cuts=CUTS, samples=DRAWS)
    assert (judged.documents, judged.missing, judged.differing) == (58, (first,), (second,))
    kept = [s for s in found.of_kind("missing") if s.title not in (first, second)]
    assert judged.lengths["missing", MODEL] == len(kept)
    said = list(sentences(judged))
    assert f"left out: 1 documents are not in the better corpus: {first}." in said
    assert f"left out: 1 documents have other entities or mentions there: {second}." in said


def test_relations_that_one_side_lacks_are_said(world: Hidden, tmp_path: Path) -> None:
    found = Suggestions.read(world.audit)
    corpus = PreparedCorpus.open(world.better)
    gone = found.of_kind("missing")[0].relation
    names = [r for r in corpus.schema.relations if r != gone]
    schema = Schema((*names[::-1], "quite_new"), corpus.schema.types)
    splits = {
        split: [replace(d, facts=tuple(f for f in d.facts if f.relation != gone)) for d in corpus.documents(split)]
        for split in SPLITS
    }
    write_prepared(tmp_path / "less", splits, schema, name="less", synthetic=True)
    judged = judge(world.audit, tmp_path / "less", cuts=(10,), samples=DRAWS)
    assert (judged.relations, judged.new) == ((gone,), ("quite_new",))
    assert judged.lengths["missing", MODEL] == sum(s.relation != gone for s in found.of_kind("missing"))
    said = list(sentences(judged))
    assert f"left out: facts of the relations that the better corpus lacks: {gone}." in said
    assert "never suggested, for the audited corpus lacks them: quite_new." in said


def test_a_corpus_of_other_documents_is_refused(world: Hidden, tmp_path: Path) -> None:
    corpus = PreparedCorpus.open(world.better)
    changed = {d.title: replace(d, title=f"other {d.title}") for d in corpus.train}
    with pytest.raises(InputError, match="none of the 60 audited documents is there with the same entities"):
        judge(world.audit, revised(tmp_path / "other", corpus, changed))


def test_a_share_over_nothing_has_no_number() -> None:
    from logire.audit.judge import _spread

    assert _spread(np.array([np.inf, 1.0, np.nan, np.inf, 2.0])) == Spread(None, 1.0, None)
    assert _spread(np.array([np.nan, np.nan])) == Spread(None, None, None)
