"""The report as a whole: which tables and figures are made, from run folders and from kept numbers alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from reporting_builders import document, prepared, write_metrics

from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.evaluation.files import evaluate_file
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.reporting.exhibits import exhibits, find
from logire.reporting.kept import keep
from logire.reporting.report import make_report
from logire.reporting.selection import Runs
from logire.reporting.trace import trace

PLUS = {"closure": [0.0], "closure_length": 2}
HEADER = "relation,head_type,tail_type,body,weight,prior,posterior,support,confidence"


def score(run: Path, corpus: PreparedCorpus, found: int, **record: Any) -> None:
    """A run that found some of the first facts of every document, and as many wrong ones, scored on dev and test."""
    write_json(run / "run.json", {"dataset": corpus.name, "synthetic": True, "data_digest": corpus.digest, **record})
    (run / "history.csv").write_text("epoch,loss\n1,0.5\n")
    (run.parents[2] / "rules.txt").write_text("c <- a ^ b\n")
    for split in ("dev", "test"):
        right = [
            Prediction(d.title, f.head, f.relation, f.tail) for d in corpus.documents(split) for f in d.facts[:found]
        ]
        wrong = [Prediction(d.title, 2, "b", i) for d in corpus.documents(split) for i in range(found - 2)]
        write_predictions(run / f"predictions-{split}.json", right + wrong)
        rules = run.parents[2] / "rules.txt"
        values = evaluate_file(run / f"predictions-{split}.json", corpus, split, gold_rules=rules)
        write_json(run / f"metrics-{split}.json", values)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with all that a report can be made from: a corpus, three methods, a variant, a fold."""
    folder = tmp_path_factory.mktemp("results") / "embedded"
    facts = [(0, "a", 1), (1, "b", 2), (0, "c", 2), (2, "a", 1)]
    splits = {split: [document(f"{split}{i}", 3, facts) for i in range(3)] for split in ("train", "dev", "test")}
    corpus = prepared(folder / "corpus", splits, relations=("a", "b", "c"), name="embedded", synthetic=True)
    runs, closed = folder / "runs", {"closure": [1.0], "closure_length": 2}
    for seed in (1, 2):
        shared = {"backbone": "bilstm", "seed": seed, "documents": "../../../corpus"}
        own = {m: runs / m / f"seed{seed}" for m in ("backbone", "logire", "logire_plus", "closed")}
        score(own["backbone"], corpus, 1 + seed, method="backbone", wall_seconds=60.0 * (1 + seed), **shared)
        shared |= {"logits": f"../../backbone/seed{seed}/logits.safetensors", "logits_digest": "0"}
        score(own["logire"], corpus, 2 + seed, method="logire", wall_seconds=30.0, **shared)
        score(own["logire_plus"], corpus, 4, method="logire_plus", settings=PLUS, **shared)
        score(own["closed"], corpus, 3, method="logire_plus", variant="closed", settings=closed, **shared)
    fold = {"backbone": "bilstm", "method": "fold", "seed": 1, "fold": 1, "folds": 3, "wall_seconds": 90.0}
    write_json(runs / "folds" / "1of3" / "run.json", fold)
    (runs / "folds" / "1of3" / "history.csv").write_text("epoch,loss\n1,0.5\n")
    (runs / "logire" / "seed1" / "explanations-test.jsonl").write_text("")
    (runs / "logire" / "seed1" / "rules.csv").write_text(f"{HEADER}\nc,t,t,a ^ b,2.5,0.1,0.2,50,0.99\n")
    return folder


@pytest.fixture(scope="module")
def written(everything: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """A report of everything, and what it left out."""
    out = tmp_path_factory.mktemp("out")
    return out, make_report([everything / "runs"], out, documents=[everything / "corpus"]).left_out


def test_what_is_made_and_what_is_left_out(written: tuple[Path, Mapping[str, str]]) -> None:
    out, left_out = written
    assert left_out == {
        "table1_paper": "the paper has no figures for Embedded",
        "table2_paper": "the paper has no figures for Embedded",
        "table3": "Embedded does not have the form of docred",
        "table4": "Embedded does not have the form of docred",
    }
    wanted = {file for e in exhibits() if e.name not in left_out for file in e.files(out.as_posix())}
    assert {file.as_posix() for file in out.rglob("*") if file.is_file()} == wanted


def test_minutes(written: tuple[Path, Mapping[str, str]]) -> None:
    assert (written[0] / "tables" / "minutes.csv").read_text().splitlines() == [
        "run,backbone,runs,least_minutes,mean_minutes",
        "backbone,bilstm,2,2.00,2.50",
        "fold,bilstm,1,1.50,1.50",
        "logire,bilstm,2,0.50,0.50",
    ]


def test_every_exhibit_exists_and_is_named_once() -> None:
    names = [exhibit.name for exhibit in exhibits()]
    assert len(set(names)) == len(names)
    for exhibit in exhibits():
        assert exhibit.load() is getattr(import_module(exhibit.module), exhibit.function)
        assert find(exhibit.name) is exhibit
    with pytest.raises(InputError, match="no table or figure is called 'table9'"):
        find("table9")


def test_the_list_is_light_and_a_table_loads_no_more_than_it_needs(everything: Path, tmp_path: Path) -> None:
    heavy = ("transformers", "spacy", "matplotlib", "torch", "scipy", "pandas", "numpy")
    code = f"import sys, logire.reporting.exhibits; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    code = (
        "import sys; from pathlib import Path; from logire.reporting.report import make_report; "
        "make_report([Path(sys.argv[1])], Path(sys.argv[2]), only=['table2']); "
        f"print([name for name in {heavy[:3]!r} if name in sys.modules])"
    )
    call = [sys.executable, "-c", code, str(everything / "runs"), str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_command(everything: Path, tmp_path: Path) -> None:
    call = [sys.executable, "-m", "logire", "report", str(everything), "--out", str(tmp_path)]
    done = subprocess.run([*call, "--only", "table1", "--only", "summary"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"Table 1: {tmp_path}/tables/table1.*", f"Summary: {tmp_path}/tables/summary.*"]
    assert {file.stem.split(".")[0] for file in (tmp_path / "tables").iterdir()} == {"table1", "summary"}
    done = subprocess.run([*call, "--only", "table4"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "none of the rules" in done.stderr


def test_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no corpus was given"):
        make_report([], tmp_path)


class TestKeptNumbers:
    @pytest.fixture(scope="class")
    def kept(self, everything: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The same runs' numbers, kept."""
        folder = tmp_path_factory.mktemp("reference") / "made"
        runs = [file.parent for file in sorted((everything / "runs").rglob("run.json"))]
        keep(runs, folder, with_rules=[run for run in runs if (run / "rules.csv").exists()])
        write_json(folder / "corpus" / "statistics.json", read_json(everything / "corpus" / "statistics.json"))
        return folder

    def test_they_give_the_same_tables(self, kept: Path, written: tuple[Path, Mapping[str, str]]) -> None:
        found = make_report([kept], kept)
        assert found.left_out.keys() - written[1].keys() == {"figure3", "figure5"}
        assert "holds no documents" in found.left_out["figure3"]
        for exhibit in found.made:
            for ending in {"csv", "json", "md"} & set(exhibit.endings):
                name = f"{exhibit.kind}/{exhibit.name}.{ending}"
                one, other = ((folder / name).read_text() for folder in (kept, written[0]))
                lines = [
                    [line for line in text.splitlines() if "listed by SHA-256" not in line] for text in (one, other)
                ]
                assert lines[0] == lines[1], name

    def test_the_way_back_from_a_table(self, kept: Path) -> None:
        make_report([kept], kept, only=["table2", "table5"])
        chain = trace(kept / "tables" / "table2.csv", backbone="bilstm", method="logire", split="test")
        assert chain.cell is not None
        values = [row["value"] for row in chain.files if row.get("run")]
        assert float(chain.cell["mean"]) == pytest.approx(sum(values) / 2)
        assert {row["state"] for row in chain.files} == {"unchanged"}
        assert [row["folder"] for row in chain.runs] == [f"{m}/seed{s}" for s in (1, 2) for m in ("logire", "backbone")]
        assert [row.get("logits_state") for row in chain.runs] == ["not kept", None, "not kept", None]
        assert [row["state"] for row in chain.corpora] == ["not kept"]
        assert not chain.changed
        json.dumps(chain.as_dict())
        assert [row["folder"] for row in trace(kept / "tables" / "table5.csv").runs] == [
            "logire/seed1",
            "backbone/seed1",
        ]
        assert len(trace(kept, method="logire", seed="2").runs) == 2
        file = kept / "evaluations.csv"
        before = file.read_text()
        file.write_text(before[:-2] + ("1" if before[-2] == "0" else "0") + "\n")
        try:
            assert trace(kept / "tables" / "table2.csv", method="logire").changed
        finally:
            file.write_text(before)

    def test_both_may_be_given(self, kept: Path, everything: Path) -> None:
        with pytest.raises(InputError, match="the same run as"):
            Runs.read([kept, everything / "runs"])


def test_runs_are_read_from_wherever_they_lie(tmp_path: Path) -> None:
    files = [
        write_metrics(tmp_path / "deep" / "down", method=m, split=s)
        for m in ("backbone", "logire")
        for s in ("dev", "test")
    ]
    one = Runs.read([tmp_path])
    other = Runs.read(list(dict.fromkeys(file.parent for file in files)))
    assert [run.name for run in one.scored] == [run.name for run in other.scored]
    assert [(run.method, sorted(run.metrics)) for run in one.main()] == [
        ("backbone", ["dev", "test"]),
        ("logire", ["dev", "test"]),
    ]
