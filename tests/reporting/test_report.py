"""The report as a whole: which tables and figures are made, from run folders and from kept numbers alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest
from reporting_builders import document, prepared, write_metrics, write_variant

from logire.corpus.predictions import write_predictions
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.reporting.exhibits import exhibits, find
from logire.reporting.kept import keep
from logire.reporting.report import make_report
from logire.reporting.runs import Runs
from logire.reporting.trace import trace

PLUS = {"closure": [0.0], "closure_length": 2}
HEADER = "relation,head_type,tail_type,body,weight,prior,posterior,support,confidence"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with all that a report can be made from: a corpus, three methods, a variant, a fold."""
    folder = tmp_path_factory.mktemp("results")
    facts = [(0, "a", 1), (1, "b", 2), (0, "c", 2)]
    splits = {split: [document(split, 3, facts)] for split in ("train", "dev", "test")}
    corpus = prepared(folder / "corpus", splits, relations=("a", "b", "c"), name="embedded", synthetic=True)
    runs = folder / "runs"
    digests = {"params_digest": "p", "data_digest": corpus.digest}
    write_variant(runs, "backbone", {1: 50.0, 2: 51.0}, wall_seconds=60.0, **digests)
    write_variant(runs, "logire", {1: 52.0, 2: 52.0}, wall_seconds=30.0, **digests)
    write_variant(runs, "logire_plus", {1: 54.0, 2: 55.0}, settings=PLUS, **digests)
    write_variant(runs, "logire_plus", {1: 53.0}, "closure_1", settings=PLUS | {"closure": [1.0]}, **digests)
    fold = {"backbone": "bilstm", "method": "fold", "seed": 1, "fold": 1, "folds": 3, "wall_seconds": 90.0}
    write_json(runs / "folds" / "1of3" / "run.json", fold | digests)
    base, logire = (next((runs / method / "seed1").iterdir()) for method in ("backbone", "logire"))
    write_predictions(base / "predictions-test.json", [])
    (logire / "explanations-test.jsonl").write_text("")
    (logire / "rules.csv").write_text(f"{HEADER}\nc,type::thing,type::thing,a ^ b,2.5,0.1,0.2,50,0.99\n")
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
        "run,backbone,runs,mean_minutes",
        "backbone,bilstm,2,1.00",
        "fold,bilstm,1,1.50",
        "logire,bilstm,2,0.50",
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
    heavy = ("torch", "transformers", "spacy", "matplotlib", "scipy", "pandas", "numpy")
    code = f"import sys, logire.reporting.exhibits; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    code = (
        "import sys; from pathlib import Path; from logire.reporting.report import make_report; "
        "make_report([Path(sys.argv[1])], Path(sys.argv[2]), only=['table2']); "
        f"print([name for name in {heavy[:4]!r} if name in sys.modules])"
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
        for run in runs:
            (run / "history.csv").write_text("epoch,loss\n1,0.5\n")
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
        assert values == [52.0, 52.0]
        assert {row["state"] for row in chain.files} == {"unchanged"}
        assert [row["seed"] for row in chain.runs] == [1, 2]
        assert not chain.changed
        json.dumps(chain.as_dict())
        (row,) = trace(kept / "tables" / "table5.csv").runs
        assert (row["method"], row["seed"]) == ("logire", 1)
        assert [row["seed"] for row in trace(kept, method="logire").runs] == [1, 2]
        documents = kept / "documents.csv"
        before = documents.read_text()
        documents.write_text(before + "\n")
        assert trace(kept / "tables" / "table2.csv", method="logire").changed
        documents.write_text(before)

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
