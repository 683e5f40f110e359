"""The workflow on a real Slurm of one node, and what the profile asks for."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from clones import ROOT, TINY, Clone, copy_repository

from logire.reporting.exhibits import exhibits

SCRIPT = "tests/workflow/one_node_slurm.sh"
PROFILE = "workflow/profiles/slurm"


def why_not() -> str:
    """What keeps this machine from being a Slurm node; empty where nothing does."""
    if os.geteuid() != 0:
        return "not root"
    if missing := [tool for tool in ("munged", "slurmctld", "slurmd") if shutil.which(tool) is None]:
        return f"{', '.join(missing)} not installed ({SCRIPT} install)"
    return "it has a Slurm of its own" if Path("/etc/slurm/slurm.conf").exists() else ""


@pytest.fixture
def clone(tmp_path: Path, compiled: Path) -> Clone:
    clone = Clone(copy_repository(tmp_path / "clone"), compiled)
    (clone.path / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"seeds": [1]}))
    return clone


@pytest.mark.long
def test_a_whole_run_on_a_real_slurm(clone: Clone) -> None:
    if reason := why_not():
        pytest.skip(f"NOT TESTED: the Slurm profile ({reason})")
    said = clone.ok(
        *("timeout", "900", SCRIPT, "run"),
        *("snakemake", "--workflow-profile", PROFILE, "--configfile", "tiny.yaml"),
        *("--slurm-status-command", "squeue", "--slurm-no-account"),
        *("--slurm-init-seconds-before-status-checks", "5", "--latency-wait", "5"),
    )
    # what each job asked for: comment, memory in MB, time limit, GPUs, state
    jobs = re.findall(r"^(rule_\S+) +(\d+)M +([\d:]+) +(\S+) +COMPLETED", said, flags=re.MULTILINE)
    assert len(jobs) == 5, said[-3000:]
    found = {name: asked for name, *asked in jobs}
    assert found["rule_prepare_corpus_wildcards_tiny"] == ["2000", "10:00", "N/A"]
    assert found["rule_train_backbone_wildcards_tiny_bilstm_1"] == ["3000", "4:00:00", "N/A"]
    assert sum("fit_logire" in name for name in found) == 1, "EM and its predictions are one job"
    assert (clone.path / "results/tiny/tables/table2.md").stat().st_size > 100
    assert (clone.path / "results/tiny/report/explanations.html").exists()
    assert not Path("/etc/slurm/slurm.conf").exists(), "the cluster is taken down"


def test_gpu_memory_and_time_by_backbone_and_dataset(clone: Clone) -> None:
    said = clone.ok(
        *("snakemake", "--dry-run", "--workflow-profile", PROFILE, "--configfile", "params/dwie-paper.yaml"),
    )
    trained = re.findall(
        r"rule train_backbone:.*?wildcards: dataset=[\w-]+, backbone=(\w+), "
        r".*?mem_mb=(\d+), .*?runtime=(\d+), gpu=(\d)",
        said,
        re.DOTALL,
    )
    asked = yaml.safe_load((ROOT / "params" / "dwie-paper.yaml").read_text())["cluster"]
    assert {name for name, *_ in trained} == {"cnn", "lstm", "bilstm", "context_aware", "gain", "atlop"}
    for name, *found in trained:
        kind = asked["pretrained" if name in ("gain", "atlop") else "words"]
        assert [int(number) for number in found] == [kind["mem_mb"], kind["runtime"], kind["gpu"]]
    assert {name for name, *_, gpu in trained if gpu == "1"} == {"gain", "atlop"}


def test_the_profile_groups_rules_that_exist() -> None:
    groups = yaml.safe_load((ROOT / PROFILE / "config.yaml").read_text())["groups"]
    made = {f"make_{exhibit.name}" for exhibit in exhibits() if exhibit.needs != "records"}
    assert set(groups) == made | {"make_explanations", "make_trial", "fit_logire", "score_logire", "score_backbone"}
    assert set(groups.values()) == {"logire", "evaluate", "report"}
