"""DVC and Snakemake share a run, in temporary clones: neither remakes what the other made, nothing stale passes."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from clones import PARAMS, RESULTS, ROOT, Clone, jobs, tiny_clone
from file_server import serving

from workflow.lib.jobs import content

pytestmark = pytest.mark.slow

CNN = {"epochs": 2, "hidden": 8, "word_dim": 8}
BACKBONES = {"cnn": CNN, "bilstm": {"epochs": 2, "hidden": 8, "state_dim": 8, "word_dim": 8}}
FASTER = BACKBONES | {"cnn": CNN | {"learning_rate": 0.01}}
NOTHING = "Nothing to be done"
SHOWN = ("make_distances", "make_figure4", "make_overview", "make_relations", "make_summary", "make_table2")
OF_CNN = sorted(
    (rule, ", ".join(sorted(["dataset=embedded", *wildcards])))
    for rule, wildcards in [
        ("train_backbone", ["backbone=cnn", "seed=1"]),
        ("fit_logire", ["backbone=cnn", "method=logire", "seed=1"]),
        ("score_logire", ["backbone=cnn", "method=logire", "seed=1"]),
        ("score_backbone", ["backbone=cnn", "seed=1"]),
        *((rule, []) for rule in SHOWN),
    ]
)
"""What depends on the CNN where the BiLSTM is the run that is shown."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Clone:
    """A clone after `dvc repro`, its lock committed and its artifacts published. Not to be changed."""
    path = tmp_path_factory.mktemp("recorded") / "clone"
    clone = tiny_clone(path, compiled, seeds=[1], backbones=BACKBONES, figure4={"backbone": "bilstm"})
    assert "train_backbone" in clone.dvc("repro")
    clone.commit("recorded")
    published = clone.make("publish")
    assert published.returncode == 0, published.stderr
    return clone


@pytest.fixture
def clone(recorded: Clone, tmp_path: Path) -> Clone:
    """The recorded clone once more, to be changed."""
    shutil.copytree(recorded.path, tmp_path / "clone", symlinks=True)
    return Clone(tmp_path / "clone", recorded.compiled)


def plan(clone: Clone) -> list[tuple[str, str]]:
    return jobs(clone.snakemake("-n"))


def test_after_repro_both_tools_are_content_quickly_and_dvc_shows_the_run(recorded):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert NOTHING in recorded.snakemake("-n")
    recorded.dvc("status", "-q")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10

    shown = json.loads(recorded.dvc("metrics", "show", "--json"))
    numbers = shown[""]["data"][f"{RESULTS}/tables/summary.json"]["data"]
    assert set(numbers) == set(BACKBONES)
    metrics = json.loads((recorded.path / RESULTS / "runs/logire/cnn/seed1/metrics-test.json").read_text())
    assert numbers["cnn"]["logire"]["test_f1"] == round(metrics["f1"], 2)
    assert "runs@embedded" in recorded.dvc("dag", "--md")
    recorded.dvc("plots", "show", "--out", str(recorded.path.with_name("plots")))
    page = (recorded.path.with_name("plots") / "index.html").read_text()
    assert "Test F1 by the distance" in page
    assert '"method": "logire"' in page
    assert len(list(recorded.path.with_name("plots").rglob("*figure*.png"))) == 3


def test_every_out_persists_and_no_cache_links():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert list(stages) == ["corpus", "runs", "results"]
    for stage in stages.values():
        assert stage["foreach"] == "${datasets}"
        assert stage["do"]["desc"]
        assert all(options == {"persist": True} for out in stage["do"]["outs"] for options in out.values())
    kinds = subprocess.run(["dvc", "config", "cache.type"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(kinds.stdout.strip().split(",")) == {"reflink", "copy"}


def test_a_fresh_clone_pulls_and_trains_nothing(recorded):
    path = recorded.path.with_name("fresh")
    recorded.ok("git", "clone", "-q", str(recorded.path), str(path))
    fresh = Clone(path, recorded.compiled)
    pulled = fresh.make("pull")
    assert pulled.returncode == 0, pulled.stdout + pulled.stderr
    assert NOTHING in fresh.snakemake("-n")
    fresh.dvc("status", "-q")
    assert fresh.results() == recorded.results()

    for file in (path / RESULTS / "tables").glob("table2.*"):
        file.unlink()
    assert jobs(fresh.snakemake()) == [("make_table2", "dataset=embedded")]
    fresh.dvc("status", "-q")

    # an artifact damaged in the cache is not marked fresh
    file = path / RESULTS / "runs/backbone/cnn/seed1/model.safetensors"
    cached = next(c for c in (path / ".dvc/cache/files/md5").rglob("*") if c.is_file() and same(c, file))
    flip_a_byte(cached)
    shutil.rmtree(path / RESULTS / "runs/backbone")
    damaged = fresh.make("pull")
    assert damaged.returncode != 0
    assert "nothing is marked fresh" in damaged.stderr
    # and one damaged in the remote is not even taken
    shutil.rmtree(path / ".dvc/cache")
    shutil.rmtree(path / RESULTS / "runs/backbone")
    remote = next(
        c for c in path.with_name("logire-artifacts").rglob(cached.name) if c.parent.name == cached.parent.name
    )
    good = remote.read_bytes()
    flip_a_byte(remote)
    assert fresh.make("pull").returncode != 0
    assert not file.exists()
    remote.write_bytes(good)


def test_a_fresh_clone_pulls_from_a_web_server_and_refuses_what_is_damaged_there(recorded):
    path = recorded.path.with_name("from-the-web")
    recorded.ok("git", "clone", "-q", str(recorded.path), str(path))
    fresh = Clone(path, recorded.compiled)
    served = shutil.copytree(recorded.path.with_name("logire-artifacts"), path.with_name("served"))
    with serving(served) as address:
        damaged = max((file for file in served.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
        good = damaged.read_bytes()
        flip_a_byte(damaged)
        refused = fresh.make("pull", f"REMOTE={address}")
        assert refused.returncode != 0
        assert all(same_as_recorded(recorded, name, content) for name, content in fresh.results().items())
        damaged.chmod(0o644)
        damaged.write_bytes(good)
        pulled = fresh.make("pull", f"REMOTE={address}")
        assert pulled.returncode == 0, pulled.stdout + pulled.stderr
    assert NOTHING in fresh.snakemake("-n")
    assert fresh.results() == recorded.results()
    assert fresh.ok("git", "status", "--porcelain") == "", "what git tracks stays as it was"


def same_as_recorded(recorded: Clone, name: str, content: bytes) -> bool:
    return (recorded.path / RESULTS / name).read_bytes() == content


def same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def flip_a_byte(file: Path) -> None:
    mode = file.stat().st_mode
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    file.chmod(mode)


def test_what_a_change_reruns(clone):
    clone.change(backbones=FASTER)
    assert plan(clone) == OF_CNN
    clone.change(backbones=BACKBONES)
    model = clone.path / "src/logire/backbones/words/cnn/model.py"
    with model.open("a") as file:
        file.write("# a comment\n")
    assert plan(clone) == []
    with model.open("a") as file:
        file.write("A_CONSTANT = 1\n")
    assert plan(clone) == OF_CNN
    clone.ok("git", "checkout", "-q", "src")
    with (clone.path / "README.md").open("a") as file:
        file.write("<!-- a comment -->\n")
    assert plan(clone) == []
    clone.dvc("status", "-q")


def test_either_tool_goes_on_from_the_other_and_they_wait_for_each_other(clone, recorded):
    clone.change(backbones=FASTER)
    running, said = start_and_await_lock(clone, "snakemake", "--cores", "2")
    second = clone.run("snakemake", "--cores", "2")
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout + second.stderr
    # DVC waits, then finds everything made
    repro = clone.dvc("repro")
    assert f"waiting for the Snakemake that runs in this folder (process {running.pid})" in repro
    assert running.wait() == 0
    assert jobs(said.read_text()) == OF_CNN
    assert jobs(repro) == []
    clone.dvc("status", "-q")
    assert NOTHING in clone.snakemake("-n")
    changed = {line.split()[1] for line in clone.dvc("metrics", "diff").splitlines()[1:]}
    assert changed
    assert all(name.startswith("cnn.") for name in changed)
    assert "backbones.cnn.learning_rate" in clone.dvc("params", "diff")

    # back, by DVC: the CNN alone is trained, and ends with the very bytes it had
    clone.change(backbones=BACKBONES)
    running, said = start_and_await_lock(clone, "dvc", "repro")
    second = clone.run("dvc", "repro")
    assert second.returncode != 0
    assert "busy" in second.stdout + second.stderr
    assert running.wait() == 0
    assert jobs(said.read_text()) == OF_CNN
    assert NOTHING in clone.snakemake("-n")
    assert clone.results() == recorded.results()


def start_and_await_lock(clone: Clone, *command: str) -> tuple[subprocess.Popen[bytes], Path]:
    running, said = clone.start(*command)
    while not any((clone.path / ".snakemake/locks").glob("*")):
        assert running.poll() is None, said.read_text()
        time.sleep(0.05)
    return running, said


def test_damaged_and_back_dated_files_are_made_anew_and_never_recorded(clone, recorded):
    logits = clone.path / RESULTS / "runs/backbone/cnn/seed1/logits.safetensors"
    flip_a_byte(logits)
    table = clone.path / RESULTS / "tables/table1.csv"
    table.write_text(table.read_text().replace("12", "13"))
    for file in (logits, table):
        os.utime(file, (0, 0))
    assert NOTHING in clone.snakemake("-n"), "Snakemake alone can't know"
    assert clone.run("dvc", "status", "-q").returncode == 1
    made = {rule for rule, _ in jobs(clone.dvc("repro"))}
    assert {"train_backbone", "make_table1"} <= made
    assert clone.results() == recorded.results()
    clone.dvc("status", "-q")


def flip_a_byte_unseen(file: Path) -> None:
    times = file.stat()
    flip_a_byte(file)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.long
def test_a_byte_that_changed_while_its_time_stayed_is_found_and_never_recorded(clone, recorded):
    clone.dvc("status", "-q")  # DVC knows the files by their times
    run = clone.path / RESULTS / "runs/backbone/cnn/seed1"
    table = clone.path / RESULTS / "tables/table2.csv"
    for file in (run / "model.safetensors", run / "vocabulary.json", table):
        flip_a_byte_unseen(file)
    clone.dvc("status", "-q")
    assert NOTHING in clone.snakemake("-n"), "neither tool alone can know"
    for command in ("pull", "fresh"):
        done = clone.make(command)
        assert done.returncode != 0
        assert "nothing is marked fresh" in done.stderr
    traced = clone.run("python", "-m", "logire", "provenance", str(table.relative_to(clone.path)), "--json")
    assert traced.returncode == 1
    states = [row["files_state"].get("model.safetensors") for row in json.loads(traced.stdout)["runs"]]
    assert "CHANGED" in states

    done = clone.make("record")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for file in (run / "model.safetensors", run / "vocabulary.json", table):
        assert f"has changed since it was made: {file.relative_to(clone.path)}" in said
    assert {"train_backbone", "make_table2"} <= {rule for rule, _ in jobs(said)}
    assert clone.results() == recorded.results()
    clone.dvc("status", "-q")

    # a stage that runs for another reason, without make
    flip_a_byte_unseen(run / "logits.safetensors")
    with (clone.path / "src/logire/__init__.py").open("a") as code:
        code.write("# a comment\n")
    said = clone.dvc("repro")
    assert ("train_backbone", "backbone=cnn, dataset=embedded, seed=1") in jobs(said)
    assert clone.results("runs/**/*") == recorded.results("runs/**/*")

    # what no job makes any more stays in its folder, but not unseen
    clone.change(backbones={"bilstm": BACKBONES["bilstm"]})
    flip_a_byte_unseen(run / "logits.safetensors")
    refused = clone.make("record")
    assert refused.returncode != 0
    assert "no job of these params makes it: delete it" in refused.stdout + refused.stderr


def test_an_experiment_in_a_folder_of_its_own_is_not_stale(clone):
    shown = clone.path / RESULTS / "tables/relations.md"
    assert "BiLSTM" in shown.read_text()
    clone.dvc("exp", "run", "--temp", "--name", "other", "--set-param", f"{PARAMS}:figure4.backbone=cnn")
    assert "BiLSTM" in shown.read_text(), "the folder itself stays"
    clone.dvc("exp", "apply", "other")
    assert yaml.safe_load((clone.path / PARAMS).read_text())["figure4"]["backbone"] == "cnn"
    assert "CNN" in shown.read_text()
    assert "BiLSTM" not in shown.read_text()
    # Snakemake has not made these: it must make them anew, or be told that they are right
    assert NOTHING not in clone.snakemake("-n")
    assert clone.make("fresh").returncode == 0
    assert NOTHING in clone.snakemake("-n")
    assert "CNN" in shown.read_text()


def test_a_users_file_counts_by_its_bytes(tmp_path):
    file = tmp_path / "rules.txt"
    file.write_text("one")
    os.utime(file, (1, 1))
    before = content([str(file)])
    file.write_text("two")
    os.utime(file, (1, 1))
    assert content([str(file)]) != before
    assert content([]) == ""
