"""A release: complete, checkable, the same for the same results, and without a corpus's text."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from logire import __version__
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import read_dump, write_dump
from logire.corpus.predictions import predict, write_predictions
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.corpus.runfolder import Predicted, finish_run
from logire.evaluation.files import evaluate_file
from logire.ground.digests import file_digest, relative_path
from logire.ground.errors import InputError
from logire.ground.files import write_json, write_text
from logire.ground.records import RunRecord
from logire.reporting.report import make_report
from workflow.lib.release.build import build
from workflow.lib.release.contents import Results

ROOT = Path(__file__).parents[2]
SCHEMA = Schema(("citizen_of", "in0"), ("location", "person"))
NAMES = ("Zyxandra", "Quolvania")
WORD = "brumbled"
THETA = -0.61
SECRET = [name.encode() for name in (*NAMES, WORD)]


def document(title: str) -> Document:
    tokens = (NAMES[0], WORD, "in", NAMES[1])
    kinds = ("person", "location")
    entities = tuple(Entity((Mention(name, 0, i, i + 1, kinds[i // 3]),)) for i, name in ((0, NAMES[0]), (3, NAMES[1])))
    return Document(title, (tokens,), entities, (Fact(0, "citizen_of", 1),))


def results(folder: Path, *, synthetic: bool) -> Path:
    """A backbone and LogiRE on it, made by hand, with Table 2 and everything that runs leave that shows text."""
    splits = {split: [document(f"{split}{i}") for i in range(2)] for split in ("train", "dev", "test")}
    write_prepared(folder / "corpus", splits, SCHEMA, name="dwie", synthetic=synthetic)
    corpus = PreparedCorpus.open(folder / "corpus")
    rng = np.random.default_rng(0)
    logits = {
        split: {d.title: rng.normal(-1, 2, (2, 2, 2)).astype(np.float32) for d in documents}
        for split, documents in splits.items()
    }
    backbone, fitted = (folder / "runs" / method / "lstm" / "seed1" for method in ("backbone", "logire"))
    dump = backbone / "logits.safetensors"
    write_dump(dump, logits)
    for run, method in ((backbone, "backbone"), (fitted, "logire")):
        write_text(run / "history.csv", "epoch,loss\n1,0.5\n")
        write_text(run / "model.safetensors", "weights of " + WORD if run == backbone else "weights")
        record = RunRecord(
            dataset="dwie",
            synthetic=synthetic,
            backbone="lstm",
            method=method,
            seed=1,
            threshold=THETA,
            wall_seconds=1.5,
            documents=relative_path(corpus.path, run),
            data_digest=corpus.digest,
            params_digest="0" * 64,
            git={"commit": "c0ffee", "dirty": False},
            versions={"logire": __version__},
        )
        if run == fitted:
            record = record.model_copy(update={"logits": relative_path(dump, run), "logits_digest": file_digest(dump)})
        for split in ("dev", "test"):
            found = [p for d in splits[split] for p in predict(d, logits[split][d.title], THETA, SCHEMA)]
            write_predictions(run / f"predictions-{split}.json", found)
            write_text(run / f"explanations-{split}.jsonl", json.dumps({"head": NAMES[0]}) + "\n")
        own = ["predictions-dev.json", "predictions-test.json"] if run == backbone else []
        finish_run(run, record, ["history.csv", "model.safetensors", *own])
        if run == fitted:
            write_text(run / "rules.csv", "relation,body,weight\nin0,citizen_of,1\n")
            for split in ("dev", "test"):
                Predicted.write(run, split, RunRecord.read(run), dump)
        for split in ("dev", "test"):
            metrics = evaluate_file(run / f"predictions-{split}.json", corpus, split)
            write_json(run / f"metrics-{split}.json", metrics)
    write_json(backbone / "vocabulary.json", [*NAMES, WORD])
    make_report([folder / "runs"], folder, only=["table1", "table2"], documents=[folder / "corpus"])
    write_json(folder / "figures" / "figure5.json", {"head": NAMES[0]})
    write_json(folder / "figures" / "figure5.sources.json", {"sources": []})
    write_text(folder / "report" / "explanations.html", f"<p>{NAMES[0]}</p>")
    return folder / "runs"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return results(tmp_path_factory.mktemp("real") / "dwie", synthetic=False)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return results(tmp_path_factory.mktemp("synthetic") / "embedded", synthetic=True)


@pytest.fixture(scope="module")
def release(real: Path, made_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, __version__, [real, made_up], tmp_path_factory.mktemp("release") / "logire")


def files(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_is_in_it(release: Path) -> None:
    names = files(release).keys()
    top = {"CITATION.cff", "LICENSE", "README.md", "SHA256SUMS", "codecheck.yml", "ro-crate-metadata.json"}
    assert {name for name in names if "/" not in name} == top
    assert "reference/dwie/runs.csv" in names
    of_real = {name.removeprefix("results/dwie/") for name in names if name.startswith("results/dwie/")}
    scored = {f"{kind}-{split}.json" for kind in ("metrics", "predictions") for split in ("dev", "test")}
    backbone = {*scored, "run.json", "history.csv", "logits-compact.safetensors"}
    fitted = {*scored, "predicted-dev.json", "predicted-test.json", "run.json", "history.csv", "rules.csv"}
    tables = {f"table{n}.{end}" for n in (1, 2) for end in ("csv", "md", "tex", "html", "sources.json")}
    assert of_real == (
        {f"runs/backbone/lstm/seed1/{name}" for name in backbone}
        | {f"runs/logire/lstm/seed1/{name}" for name in (*fitted, "model.safetensors")}
        | {f"corpus/{name}.json" for name in ("rel2id", "ner2id", "corpus", "statistics")}
        | {f"tables/{name}" for name in tables}
    )
    of_made_up = {name.removeprefix("results/embedded/") for name in names if name.startswith("results/embedded/")}
    assert of_made_up - of_real == (
        {f"corpus/{split}.json" for split in ("train", "dev", "test")}
        | {f"runs/{run}/lstm/seed1/explanations-{s}.jsonl" for run in ("backbone", "logire") for s in ("dev", "test")}
        | {"figures/figure5.json", "figures/figure5.sources.json", "report/explanations.html"}
    )


def test_nothing_of_a_real_corpus_is_text(release: Path, real: Path) -> None:
    shown = [file for file in real.parent.rglob("*") if file.is_file() and any(s in file.read_bytes() for s in SECRET)]
    assert len(shown) >= 10, "documents, vocabulary, explanations, figure 5, the page: all are there to be left out"
    for name, content in files(release).items():
        if not name.startswith("results/embedded/"):
            assert not any(secret in content for secret in SECRET), name


def test_predictions_with_more_than_indices_are_refused(real: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(real.parent, tmp_path / "dwie")) / "runs"
    file = copied / "logire/lstm/seed1/predictions-dev.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text())
    rows[0]["head"] = NAMES[0]
    write_json(file, rows)
    with pytest.raises(InputError) as caught:
        build(ROOT, __version__, [copied], tmp_path / "out")
    assert caught.value.file == str(file)
    assert not (tmp_path / "out").exists()


def test_every_sum_is_right_and_a_changed_byte_is_found(release: Path, tmp_path: Path) -> None:
    listed = [line.split("  ")[1] for line in (release / "SHA256SUMS").read_text().splitlines()]
    assert listed == sorted(listed)
    assert set(listed) == files(release).keys() - {"SHA256SUMS"}
    copied = shutil.copytree(release, tmp_path / "copy")
    for damage in (False, True):
        if damage:
            (copied / "LICENSE").write_text("mine")
        done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=copied, capture_output=True, text=True)
        assert (done.returncode != 0) == damage
    assert "LICENSE" in done.stdout


def test_the_same_results_give_the_same_bytes(release: Path, real: Path, made_up: Path, tmp_path: Path) -> None:
    assert files(build(ROOT, __version__, [made_up, real], tmp_path / "again")) == files(release)


def test_compact_logits_give_the_backbones_own_predictions(release: Path, real: Path) -> None:
    corpus = PreparedCorpus.open(real.parent / "corpus")
    run = release / "results/dwie/runs/backbone/lstm/seed1"
    for split in ("dev", "test"):
        scored = read_dump(run / "logits-compact.safetensors", corpus, split)
        found = [p[:4] for d in scored for p in predict(d.document, d.logits, THETA, SCHEMA)]
        rows = json.loads((run / f"predictions-{split}.json").read_text())
        assert sorted(found) == sorted((row["title"], row["h_idx"], row["r"], row["t_idx"]) for row in rows)


def test_the_crate_says_which_run_made_what(release: Path) -> None:
    graph = {entity["@id"]: entity for entity in json.loads((release / "ro-crate-metadata.json").read_text())["@graph"]}
    fit = graph["#results/dwie/runs/logire/lstm/seed1"]
    assert fit["name"] == "LSTM + LogiRE, seed 1, on dwie"
    assert "c0ffee" in fit["description"]
    assert [part["@id"] for part in fit["object"]] == ["results/dwie/corpus/", "results/dwie/runs/backbone/lstm/seed1/"]
    assert fit["result"] == {"@id": "results/dwie/runs/logire/lstm/seed1/"}
    table = graph["#results/dwie/tables/table2"]
    read = {f"results/dwie/runs/{method}/lstm/seed1/" for method in ("backbone", "logire")}
    assert {part["@id"] for part in table["object"]} == read
    assert {"@id": "results/dwie/tables/table2.md"} in table["result"]
    root = graph["./"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    for entity in graph.values():  # every reference leads somewhere, every part is there
        for key in ("hasPart", "mentions", "object", "result", "instrument", "agent", "author", "license"):
            targets = entity.get(key, [])
            assert all(one["@id"] in graph for one in (targets if isinstance(targets, list) else [targets]))
    assert all((release / part["@id"]).exists() for part in root["hasPart"])


def test_the_crate_is_read_by_the_rocrate_library(release: Path) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate", reason="rocrate is not installed")
    crate = rocrate.ROCrate(release)
    assert crate.name == f"logire {__version__}: results"
    run = crate.dereference("results/dwie/runs/logire/lstm/seed1/")
    assert run.type == "Dataset"
    actions = {action["name"]: action for action in crate.root_dataset["mentions"]}
    assert actions["LSTM + LogiRE, seed 1, on dwie"]["result"] == run


def test_codecheck_lists_the_tables_and_what_they_were_made_from(release: Path) -> None:
    said = yaml.safe_load((release / "codecheck.yml").read_text())
    assert said["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert said["paper"]["authors"][0] == {"name": "Dongyu Ru"}
    comments = {row["file"]: row["comment"] for row in said["manifest"]}
    assert comments["results/dwie/tables/table2.csv"] == "Table 2, from 2 runs (table2.sources.json)"
    assert comments["results/dwie/tables/table1.md"].startswith("Table 1, from ")
    assert all((release / name).is_file() for name in comments)
    assert said.keys() == {"version", "paper", "manifest"}, "what nobody knows yet is left to comments"


def test_what_is_refused(release: Path, real: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"says 0\.1\.0, not 9\.9"):
        build(ROOT, "9.9", [real], tmp_path / "out")
    with pytest.raises(InputError, match="is not empty"):
        build(ROOT, __version__, [real], release)
    with pytest.raises(InputError, match="no finished run"):
        build(ROOT, __version__, [], tmp_path / "out")
    with pytest.raises(InputError, match="there are several results of dwie"):
        build(ROOT, __version__, [real, real], tmp_path / "out")
    with pytest.raises(InputError, match="is not called 'runs'"):
        Results.read(real.parent)
