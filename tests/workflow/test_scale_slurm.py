"""A fit on shards on a real Slurm of one node: killed in the middle, it goes on, and ends in the same bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from clones import Clone, copy_repository
from test_slurm import SCRIPT, why_not

SETTINGS = {"rounds": 1, "max_length": 2, "l2": [1.0], "closure": [0.0]}
PARTS = 4
KILLED = """
set -u
words=(
    -s workflow/scale.smk --workflow-profile workflow/profiles/slurm-scale --configfile scale.yaml
    --slurm-status-command squeue --slurm-no-account --slurm-init-seconds-before-status-checks 5 --latency-wait 5
)
snakemake "${words[@]}" &
caller=$!
for _ in $(seq 1500); do
    found=$(find run/checkpoints -name 'rows1-*' 2>/dev/null | head -n 1)
    if [ -n "$found" ]; then break; fi
    sleep 0.1
done
kill -9 $caller
scancel --state=RUNNING --state=PENDING
sleep 3
find run/checkpoints -type f > before.txt
snakemake "${words[@]}" --unlock
snakemake "${words[@]}"
"""


@pytest.mark.long
def test_a_killed_fit_goes_on_and_ends_in_the_same_bytes(tmp_path: Path, compiled: Path) -> None:
    if reason := why_not():
        pytest.skip(f"NOT TESTED: shards on Slurm ({reason})")
    clone = Clone(copy_repository(tmp_path / "clone"), compiled)
    clone.ok("logire", "prepare", "embedded", "--out", "documents", "--documents", "60", "10", "10")
    train = ("--documents", "documents", "--settings", json.dumps({"epochs": 2}))
    clone.ok("logire", "train", "bilstm", *train, "--out", "full")
    clone.ok("logire", "scale", "split", *("--documents", "documents", "--logits", "full/logits.safetensors"),
             *("--out", "shards", "--size", "6"))  # fmt: skip
    config = {"shards": "shards", "dev": "documents", "logits": "full/logits.safetensors", "out": "run", "parts": PARTS}
    (clone.path / "scale.yaml").write_text(yaml.safe_dump(config | {"settings": SETTINGS, "seed": 3}))
    said = clone.ok("timeout", "900", SCRIPT, "run", "bash", "-c", KILLED)

    before = (clone.path / "before.txt").read_text()
    assert "rows1-" in before, said[-3000:]
    assert "fit1" not in before, "the kill came too late to show anything"
    jobs = re.findall(r"^(rule_\S+) .* (COMPLETED|CANCELLED|FAILED)", said, flags=re.MULTILINE)
    assert sum(state == "COMPLETED" for _, state in jobs) >= 3 * PARTS, said[-3000:]
    words = ("--dev", "documents", "--logits", "full/logits.safetensors", "--out", "whole", "--seed", "3")
    clone.ok("logire", "scale", "fit", "shards", *words, "--settings", json.dumps(SETTINGS))
    for name in ("model.safetensors", "rules.csv", "history.csv"):
        assert (clone.path / "run" / name).read_bytes() == (clone.path / "whole" / name).read_bytes()
