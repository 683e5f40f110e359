"""Where results come from: what a run records, and the way back from a table to the raw data."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from logire.cli.provenance import provenance as command
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import Predicted, finish_run
from logire.corpus.sources.embedded import prepare_embedded
from logire.evaluation.files import evaluate_file
from logire.ground import records as provenance
from logire.ground.digests import file_digest, relative_path
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.ground.records import RunRecord
from logire.reporting.report import make_report
from logire.reporting.sources import run_source, write_sources
from logire.reporting.trace import trace

CPU = torch.device("cpu")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose package is where the record looks for it."""
    package = tmp_path / "repository" / "package"
    package.mkdir(parents=True)
    shutil.copy(provenance.__file__, package)
    git(package.parent, "init", "--quiet")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "--quiet", "--message", "first")
    monkeypatch.setattr(provenance, "SOURCE", package)
    return package.parent


def test_the_commit_and_whether_the_code_differs_from_it(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert provenance.git_state() == {"commit": commit, "dirty": False}
    (repository / "params.yaml").write_text("a user's own file")
    assert provenance.git_state() == {"commit": commit, "dirty": False}
    (repository / "package" / "more.py").write_text("")
    assert provenance.git_state() == {"commit": commit, "dirty": True}
    (repository / "package" / "more.py").unlink()
    (repository / "package" / "records.py").write_text("")
    assert provenance.git_state() == {"commit": commit, "dirty": True}


def test_outside_a_repository_and_without_git(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = {"commit": None, "dirty": None}
    installed = repository / "venv"  # inside somebody's repository, but not part of it
    installed.mkdir()
    for folder in (installed, tmp_path):
        monkeypatch.setattr(provenance, "SOURCE", folder)
        assert provenance.git_state() == nothing
    monkeypatch.setattr(provenance, "SOURCE", repository / "package")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_state() == nothing


def test_a_record_says_what_ran_and_where_but_nothing_personal() -> None:
    record = provenance.made_now(params={"b": 1, "a": 2}, data="digest", device=CPU)
    assert record["params_digest"] == provenance.made_now(params={"a": 2, "b": 1}, data="", device=CPU)["params_digest"]
    assert record["params_digest"] != provenance.made_now(params={"a": 2}, data="", device=CPU)["params_digest"]
    assert record["data_digest"] == "digest"
    assert record["versions"]["python"] == platform.python_version()
    assert record["versions"]["torch"] == torch.__version__
    assert record["hardware"]["cores"] >= 1
    assert record["hardware"]["gpu"] is None
    assert provenance.peak_memory(CPU)["peak_memory_mib"] > 50
    text = json.dumps(record)
    assert platform.node() not in text
    assert str(Path.home()) not in text
    assert f"/{getpass.getuser()}" not in text


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder: a corpus, two seeds of a backbone and of LogiRE on it (made by hand), Tables 1 and 2."""
    folder = tmp_path / "results" / "embedded"
    prepare_embedded(folder / "corpus", documents=(4, 3, 3))
    corpus = PreparedCorpus.open(folder / "corpus")
    for seed in (1, 2):
        for method in ("backbone", "logire"):
            run = folder / "runs" / "cnn" / f"seed{seed}" / method
            for split in ("dev", "test"):
                _make_run(run, corpus, method, seed, split)
    make_report([folder / "runs"], folder, only=["table1", "table2"], documents=[folder / "corpus"])
    return folder


def _make_run(run: Path, corpus: PreparedCorpus, method: str, seed: int, split: str) -> None:
    values: dict[str, Any] = {"backbone": "cnn", "method": method, "seed": seed, "wall_seconds": 12.5}
    values["documents"] = relative_path(corpus.path, run)
    if method == "backbone":
        write_json(run / "logits.safetensors", f"logits of seed {seed}")
    else:
        logits = run.parent / "backbone" / "logits.safetensors"
        values |= {"logits": relative_path(logits, run), "logits_digest": file_digest(logits)}
    record = provenance.made_now(params={"method": method}, data=corpus.digest, device=CPU)
    write_json(run / "run.json", values | provenance.peak_memory(CPU) | record)
    facts = [(d.title, f) for d in corpus.documents(split) for f in d.facts][seed:]
    rows = [{"title": title, "h_idx": f.head, "t_idx": f.tail, "r": f.relation} for title, f in facts]
    write_json(run / f"predictions-{split}.json", rows)
    write_json(run / f"metrics-{split}.json", evaluate_file(run / f"predictions-{split}.json", corpus, split))


def test_from_a_cell_of_the_table_to_the_raw_data(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parents[1])
    chain = trace(results / "tables" / "table2.md", backbone="cnn", method="logire", split="test")
    assert chain.made == "table2"
    base = "results/embedded/runs/cnn/seed"
    assert [row["file"] for row in chain.files] == [f"{base}{seed}/logire/metrics-test.json" for seed in (1, 2)]
    assert {(row["state"], row["predictions"]) for row in chain.files} == {("unchanged", "unchanged")}
    assert chain.cell is not None
    values = [row["value"] for row in chain.files]
    assert float(chain.cell["mean"]) == pytest.approx(sum(values) / 2)
    assert [row["folder"] for row in chain.runs] == [f"{base}{s}/{m}" for s in (1, 2) for m in ("logire", "backbone")]
    assert [row.get("logits_state") for row in chain.runs] == ["unchanged", None, "unchanged", None]
    assert chain.runs[0]["logits_run"] == chain.runs[1]["folder"]
    (corpus,) = chain.corpora
    assert (corpus["folder"], corpus["state"]) == ("results/embedded/corpus", "unchanged")
    assert corpus["source"].keys() == {"kind", "split_sentences", "seed", "documents", "raw_digest"}
    assert {row["data_digest"] for row in chain.files} == {corpus["data_digest"]}
    assert not chain.changed
    assert len(trace(results / "tables" / "table2.csv").files) == 8


def test_of_a_methods_variants_one_or_its_own_settings(results: Path) -> None:
    runs = [results / "runs" / "cnn" / f"seed{seed}" / "logire" for seed in (1, 2)]
    write_json(runs[1] / "run.json", read_json(runs[1] / "run.json") | {"variant": "newton"})
    stem = results / "tables" / "variants"
    write_sources(stem, [run_source(run / "metrics-test.json") for run in runs])
    listed = stem.with_name("variants.sources.json")
    found = {name: trace(listed, method="logire", variant=name) for name in (None, "newton", "")}
    assert [len(chain.files) for chain in found.values()] == [2, 1, 1]
    assert [found[name].files[0]["seed"] for name in ("newton", "")] == [2, 1]
    with pytest.raises(InputError, match="none of the sources is no_residual"):
        trace(listed, variant="no_residual")


def test_a_chain_begins_anywhere(results: Path) -> None:
    run = results / "runs" / "cnn" / "seed1" / "logire"
    assert [row["seed"] for row in trace(run).runs] == [1, 1]
    assert trace(run / "metrics-dev.json", metric="recall").files[0]["value"] == pytest.approx(
        read_json(run / "metrics-dev.json")["recall"]
    )
    assert len(trace(run / "predictions-dev.json").runs) == 2
    (corpus,) = trace(results / "tables" / "table1.tex").corpora
    assert corpus["state"] == "unchanged"
    assert trace(results / "corpus").corpora[0]["data_digest"] == corpus["data_digest"]


def test_out_of_fold_logits_are_checked_too(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = results / "runs" / "cnn" / "seed1" / "logire"
    dump = results / "runs" / "fold.safetensors"
    dump.write_text("logits")
    digest, file = file_digest(dump), relative_path(dump, run)
    write_json(run / "run.json", read_json(run / "run.json") | {"out_of_fold": [{"file": file, "digest": digest}]})
    assert trace(run).runs[0]["folds_state"] == ["unchanged"]
    dump.write_text("others")
    assert trace(run).changed
    with pytest.raises(InputError, match="has changed since"):
        command(run)
    assert "1 fold CHANGED" in " ".join(capsys.readouterr().out.split())


def test_a_byte_of_any_file_that_a_run_wrote_is_found(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = results / "runs" / "cnn" / "seed1" / "logire"
    for name in ("model.safetensors", "rules.csv", "explanations-test.jsonl"):
        (run / name).write_text(f"what {name} holds")
    record = RunRecord.read(run)
    finish_run(run, record, ("model.safetensors", "rules.csv"))
    Predicted.write(run, "test", RunRecord.read(run), run.parent / "backbone" / "logits.safetensors")
    table = results / "tables" / "table2.csv"
    names = ["model.safetensors", "rules.csv", "predictions-test.json", "explanations-test.jsonl"]
    assert trace(run).runs[0]["files_state"] == dict.fromkeys(names, "unchanged")
    for name in names:
        times, content = (run / name).stat(), (run / name).read_bytes()
        (run / name).write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        os.utime(run / name, ns=(times.st_atime_ns, times.st_mtime_ns))
        for path in (table, run):
            with pytest.raises(InputError, match="has changed since"):
                command(path)
            shown = capsys.readouterr().out
            assert "3 unchanged" in shown
            assert name in shown
        (run / name).write_bytes(content)
    assert not trace(table).changed


def test_a_byte_of_a_table_itself_is_found(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("table2.csv", "table2.md", "table2.tex", "table2.html"):
        file = results / "tables" / name
        data, times = file.read_bytes(), file.stat()
        file.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert trace(file).changed
        (wrong,) = (row for row in trace(results / "tables" / "table2.csv").results if row["state"] == "CHANGED")
        assert wrong["file"].endswith(name)
        file.write_bytes(data)
        assert not trace(file).changed


@pytest.mark.parametrize(
    ("file", "where"),
    [
        ("runs/cnn/seed1/logire/metrics-test.json", ("files", "state")),
        ("runs/cnn/seed1/logire/predictions-test.json", ("files", "predictions")),
        ("runs/cnn/seed1/backbone/logits.safetensors", ("runs", "logits_state")),
        ("corpus/train.json", ("corpora", "state")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_changed_since_is_named(
    results: Path, file: str, where: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with (results / file).open("a") as changed:
        changed.write("\n")
    chain = trace(results / "tables" / "table2.csv", method="logire", split="test")
    rows = {name: getattr(chain, name) for name in ("files", "runs", "corpora")}
    found = {(name, key) for name in rows for row in rows[name] for key, value in row.items() if value == "CHANGED"}
    assert found == {where}
    with pytest.raises(InputError, match="has changed since"):
        command(results / "tables" / "table2.csv")
    assert "CHANGED" in capsys.readouterr().out


def test_missing_files_and_refusals(results: Path, tmp_path: Path) -> None:
    shutil.rmtree(results / "corpus")
    (results / "runs/cnn/seed1/logire/metrics-test.json").unlink()
    chain = trace(results / "tables" / "table2.csv", split="test", method="logire")
    assert [row["state"] for row in chain.files] == ["MISSING", "unchanged"]
    assert [row["state"] for row in chain.corpora] == ["MISSING"]
    assert not chain.changed
    with pytest.raises(InputError, match="none of the sources is bilstm"):
        trace(results / "tables" / "table2.csv", backbone="bilstm")
    with pytest.raises(InputError, match="does not exist"):
        trace(tmp_path / "table9.csv")
    with pytest.raises(InputError, match=r"no run\.json stands beside it"):
        trace(tmp_path)


def test_the_command(results: Path) -> None:
    call = [sys.executable, "-m", "logire", "provenance", "results/embedded/tables/table2.csv", "--seed", "1"]
    shown = subprocess.run(call, cwd=results.parents[1], capture_output=True, text=True, check=True).stdout
    assert "results/embedded/runs/cnn/seed1/logire/metrics-test.json" in shown
    assert "unchanged, predictions unchanged" in shown
    assert "kind embedded, split_sentences False, seed 13, documents 4/3/3, raw " in shown
    found = subprocess.run([*call, "--json"], cwd=results.parents[1], capture_output=True, text=True, check=True)
    assert len(json.loads(found.stdout)["runs"]) == 2
