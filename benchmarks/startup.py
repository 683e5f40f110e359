"""Measures what each command costs before it does any work; prints a Markdown table.

    python benchmarks/startup.py
    python benchmarks/startup.py --repeat 9

Each command runs on next to nothing (six made-up documents; `report` on the numbers kept in reference/dwie), so almost
all of its time is Python's start and imports. CPU seconds are user and system time of the process, the best of a few
runs. The last column names the large libraries that the command loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from logire.corpus.dump import write_dump
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded

REFERENCE = Path(__file__).parents[1] / "reference" / "dwie"
LARGE = ("torch", "transformers", "pandas", "scipy", "scipy.stats", "matplotlib", "numba", "numpy", "pydantic")
RUNNER = f"""
import atexit, sys
atexit.register(lambda: print("loaded", *(name for name in {LARGE!r} if name in sys.modules), file=sys.stderr))
from logire.cli.app import main
main()
"""


def commands(folder: Path) -> list[list[str]]:
    """The commands to measure, on material that is made in ``folder``."""
    corpus, run, logits = folder / "corpus", folder / "run", folder / "logits.safetensors"
    prepare_embedded(corpus, documents=(6, 3, 3))
    opened = PreparedCorpus.open(corpus)
    generator = np.random.default_rng(0)
    dump = {
        split: {
            document.title: 4 * labels - 2 + generator.normal(size=labels.shape)
            for document in opened.documents(split)
            for labels in (opened.schema.labels(document),)
        }
        for split in SPLITS
    }
    write_dump(logits, dump)
    gold = [
        {"title": document.title, "h_idx": fact.head, "t_idx": fact.tail, "r": fact.relation}
        for document in opened.test
        for fact in document.facts
    ]
    (folder / "gold.json").write_text(json.dumps(gold))
    settings = json.dumps({"iterations": 1, "generator_epochs": 1, "extractor_epochs": 1})
    fit = ["fit", "--documents", corpus, "--logits", logits, "--settings", settings, "--out"]
    start([*map(str, fit), str(run)])
    start(["predict", str(run)])
    found: list[list[object]] = [
        ["--help"],
        ["prepare", "--help"],
        ["train", "--help"],
        ["settings", "bilstm"],
        ["prepare", "embedded", "--documents", 6, 3, 3, "--out", folder / "other"],
        ["evaluate", folder / "gold.json", "--documents", corpus],
        ["report", REFERENCE, "--only", "table2", "--out", folder / "report"],
        ["report", REFERENCE, "--only", "figure4", "--out", folder / "report"],
        ["browse", run],
        ["rules", run],
        ["predict", run],
        [*fit, folder / "again"],
    ]
    return [[str(part) for part in command] for command in found]


def start(command: list[str]) -> tuple[float, str]:
    """Run ``logire COMMAND``: its CPU seconds, and the large libraries it loaded."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    message = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"logire {' '.join(command)}: {message}")
    return used.ru_utime + used.ru_stime, message.rpartition("loaded")[2].strip()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command, of which the best counts")
    options = parser.parse_args()
    print("| command | CPU seconds | torch | loads |\n|---|---:|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for command in commands(Path(scratch)):
            runs = [start(command) for _ in range(options.repeat)]
            loaded = runs[0][1].split()
            shown = " ".join(Path(part).name if "/" in part else part for part in command)
            if command[0] == "fit":
                shown = "fit"
            rest = ", ".join(name for name in loaded if name != "torch")
            torch = "yes" if "torch" in loaded else "no"
            print(f"| `logire {shown}` | {min(seconds for seconds, _ in runs):.2f} | {torch} | {rest} |", flush=True)


if __name__ == "__main__":
    main()
