"""The real tools in a temporary copy of the repository: the whole run, a second run, wrong params."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from clones import PLUS, TINY, copy_repository

WHOLE = TINY | PLUS


@pytest.fixture
def clone(tmp_path):
    return copy_repository(tmp_path / "clone")


def snakemake(clone: Path, compiled: Path, *arguments: str, params: dict | None = None) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    if params is not None:
        (clone / "tiny.yaml").write_text(yaml.safe_dump(params))
        command += ["--configfile", "tiny.yaml"]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(compiled), "OMP_NUM_THREADS": "1"}
    return subprocess.run([*command, *arguments], cwd=clone, env=environment, capture_output=True, text=True)


def results(clone: Path) -> dict[str, bytes]:
    """Every result but what holds a wall time (run.json) or a large array."""
    folder = clone / "results" / "tiny"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


@pytest.mark.slow
def test_the_whole_run_twice_and_what_reruns(clone, compiled, tmp_path):
    first = snakemake(clone, compiled, params=WHOLE)
    assert first.returncode == 0, first.stderr[-3000:]
    tables = clone / "results" / "tiny" / "tables"
    for name in ("table1", "table2"):
        for ending in ("csv", "md", "tex"):
            assert (tables / f"{name}.{ending}").stat().st_size > 100
    assert "SYNTHETIC" in (tables / "table2.md").read_text()
    assert not (tables / "table2_paper.md").exists(), "the paper's figures never stand beside a synthetic corpus"
    for ending in ("png", "pdf"):
        assert (clone / "results" / "tiny" / "figures" / f"figure4.{ending}").stat().st_size > 1000

    page = (clone / "results/tiny/report/explanations.html").read_text(encoding="utf-8")
    assert "backbone BiLSTM, method LogiRE, seed 1, test split" in page

    # the report opens Table 2, through what the report's app calls its parts
    done = snakemake(clone, compiled, "--report", "report.html", params=WHOLE)
    assert done.returncode == 0, done.stderr[-3000:]
    report = (clone / "report.html").read_text(encoding="utf-8")
    assert report.count(r"data-result=\"results/tiny/tables/table2.html\"") == 1
    parts = ('this.content = "rulegraph"', "app = this", "setView(view)", "view.contentPath", "__html: workflow_desc")
    assert [part for part in parts if part not in report] == []

    # cross-fitting: each fold once, for LogiRE+ and every variant that wants it
    folds = sorted(path.parent.name for path in (clone / "results/tiny/runs/folds").rglob("run.json"))
    assert folds == ["1of2", "1of2", "2of2", "2of2"]
    plus = json.loads((clone / "results/tiny/runs/logire_plus/bilstm/seed1/run.json").read_text())
    assert [item["file"] for item in plus["out_of_fold"]] == [
        f"../../../folds/bilstm/seed1/{k}of2/logits.safetensors" for k in (1, 2)
    ]
    variants = (tables / "variants.md").read_text()
    assert "in sample" in variants
    assert "newton" in variants
    assert (clone / "results/tiny/figures/frontier.png").stat().st_size > 1000

    # the table's numbers are those of the metrics files
    metrics = clone / "results" / "tiny" / "runs" / "logire" / "bilstm"
    expected = [json.loads((metrics / f"seed{s}/metrics-test.json").read_text())["f1"] for s in (1, 2)]
    with (tables / "table2.csv").open() as file:
        rows = list(csv.DictReader(file))
    mean = [
        float(row["mean"]) for row in rows if (row["method"], row["split"], row["metric"]) == ("logire", "test", "f1")
    ]
    assert mean == [pytest.approx(sum(expected) / 2)]

    again = snakemake(clone, compiled, params=WHOLE)
    assert "Nothing to be done" in again.stdout + again.stderr

    # the same seed in another folder gives the same bytes
    other = copy_repository(tmp_path / "other")
    second = snakemake(other, compiled, "--until", "score_logire", "score_backbone", params=WHOLE | {"seeds": [1]})
    assert second.returncode == 0, second.stderr[-3000:]
    mine, theirs = results(clone), results(other)
    assert theirs.keys() == {name for name in mine if re.search("^corpus/|/seed1/", name)}
    assert [name for name in theirs if mine[name] != theirs[name]] == []

    # LogiRE's settings change: the backbones stay
    changed = WHOLE | {"logire": TINY["logire"] | {"iterations": 1}}
    planned = snakemake(clone, compiled, "--dry-run", "--quiet", "rules", params=changed)
    plan = planned.stdout + planned.stderr
    jobs = {line.split()[0]: line.split()[1] for line in plan.splitlines() if line.count(" ") and line.split()[1:]}
    assert jobs.get("fit_logire") == "3", f"two seeds, and the variant of LogiRE: {plan}"
    assert not {"train_backbone", "train_fold"} & jobs.keys()
    # a comment in the README changes nothing
    with (clone / "README.md").open("a") as file:
        file.write("\n<!-- a comment -->\n")
    nothing = snakemake(clone, compiled, "--dry-run", params=WHOLE)
    assert "Nothing to be done" in nothing.stdout + nothing.stderr


@pytest.mark.parametrize(
    ("change", "named"),
    [({"sedes": [1]}, "field sedes"), ({"backbones": {"bilstm": {"epochs": 3.0}}}, "field backbones.bilstm.epochs")],
    ids=["unknown", "wrong"],
)
def test_a_wrong_param_stops_the_run_before_any_job_and_is_named(clone, compiled, change, named):
    run = snakemake(clone, compiled, "-n", params=change)
    assert run.returncode != 0
    assert named in run.stdout + run.stderr
    assert "tiny.yaml, line " in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert not (clone / "results" / "embedded").exists()
    assert not (clone / "logs").exists()


def test_any_dataset_by_its_path(clone, compiled):
    target = "results/dwie/tables/table2.md"
    run = snakemake(clone, compiled, "-n", target)
    assert run.returncode == 0, run.stdout + run.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", run.stdout + run.stderr, re.M))
    assert jobs["make_table2"] == jobs["fetch_dwie"] == jobs["prepare_corpus"] == "1"
    runs = 6 * 3
    assert jobs["train_backbone"] == str(runs)
    assert jobs["train_fold"] == str(2 * runs)
    assert jobs["fit_logire"] == str(6 * runs), "both methods, and the four variants that every backbone has"
    assert not {"make_table1", "make_figure4"} & jobs.keys()
    run = snakemake(clone, compiled, "-n", "results/nowhere/tables/table2.md")
    assert run.returncode != 0
    assert "there are no params for the dataset nowhere" in run.stdout + run.stderr


def test_missing_raw_data_says_what_to_put_where(clone, compiled):
    params = {"dataset": "mine", "data": {"source": "dwie", "raw": "no/such/file.jsonl"}, "backbones": {"bilstm": {}}}
    run = snakemake(clone, compiled, params=params)
    assert run.returncode != 0
    assert "no/such/file.jsonl" in run.stdout + run.stderr


def test_the_catalogues_way_in_and_a_module_plan_the_same_jobs(clone, compiled):
    """Where nothing is asked for by its path: both Snakefiles, and another workflow that uses this one."""
    catalogue = yaml.safe_load((clone / ".snakemake-workflow-catalog.yml").read_text())
    assert catalogue["usage"]["software-stack-deployment"]["conda"] is True
    assert (clone / "config" / "README.md").is_file()
    (clone / "mine.smk").write_text(
        'module logire:\n    snakefile:\n        "workflow/Snakefile"\n    config:\n        config\n\n\n'
        "use rule * from logire\n"
    )
    plans = []
    for snakefile in ("Snakefile", "workflow/Snakefile", "mine.smk"):
        run = snakemake(clone, compiled, "-n", "-s", snakefile, params=TINY)
        assert run.returncode == 0, run.stdout + run.stderr
        plans.append(dict(re.findall(r"^(\w+) +(\d+)$", run.stdout + run.stderr, re.M)))
    assert plans[0]["all"] == "1"
    assert plans[0]["train_backbone"] == "2"
    assert plans[0] == plans[1] == plans[2]
