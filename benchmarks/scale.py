"""What fitting LogiRE+ on shards costs, and what it finds, by the number of documents; prints a Markdown table.

    python benchmarks/scale.py WORK --documents 1000 --documents 3000 --documents 10000
    python benchmarks/scale.py WORK --documents 1000 --floor 1

Documents are those of ``benchmarks/planted.py``, made in WORK where they are missing. Each fit is a process of its own,
as `logire scale fit` is. A planted rule counts as found if its body is among the three
strongest closed ones of its query type and has a positive weight. ``WORK/fits.csv`` gets a row for each fit and
``WORK/steps.csv`` one for each of its steps; a step's peak of memory is that of the process until the step's end.
``growth.py`` draws both.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from planted import World
from safetensors import safe_open

from logire.corpus.dump import dev_threshold, read_dump
from logire.corpus.gold import Kind
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import RULES
from logire.corpus.shards import Shards

STRONGEST = 3
STEP = ("documents", "floor", "step", "wall_s", "cpu_s", "peak_mib")
FIT = {
    "documents": "documents",
    "floor": "floor",
    "facts": "facts",
    "query_types": "query types",
    "rules": "rules",
    "rows": "candidates kept",
    "disk_mb": "MB on disk",
    "wall_s": "wall s",
    "cpu_s": "CPU s",
    "peak_mib": "peak MiB",
    "planted_1": "1 atom",
    "planted_2": "2 atoms",
    "backbone_dev_f1": "backbone dev F1",
    "dev_f1": "dev F1",
    "test_f1": "test F1",
}
"""Columns of ``fits.csv`` and of the printed table."""


class Clock:
    """Wall and CPU seconds and the peak of memory, step by step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.name, self._since = "", self._now()

    def begin(self, name: str) -> None:
        """End the step before and begin another; an empty name begins none."""
        wall, cpu = self._now()
        if self.name:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            since = self._since
            self.steps.append({"step": self.name, "wall_s": wall - since[0], "cpu_s": cpu - since[1], "peak_mib": peak})
        self.name, self._since = name, (wall, cpu)

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()


def fit(folder: Path, floor: float) -> None:
    """One fit, in this process; what it took and what it found go to the standard output, as JSON."""
    from logire.scale.run import fit_plan, plan_fit

    clock, kept = Clock(), {"rows": 0, "bytes": 0}

    def report(what: str, done: int, total: int) -> None:
        if what == "closure":  # all files of the fit are there
            files = list(plan.work.folder.iterdir())
            kept["bytes"] = sum(file.stat().st_size for file in files)
            kept["rows"] = sum(rows_in(file) for file in files if file.name.startswith("rows1-"))
        if what != clock.name:
            clock.begin(what)

    plan = plan_fit(
        Shards.open(folder / "shards"),
        folder / "corpus",
        folder / "logits.safetensors",
        folder / f"run-{floor:g}",
        settings={},
        sampling={"floor": floor},
        seed=1,
    )
    fitted = fit_plan(plan, report=report, overwrite=True)
    clock.begin("")
    test = read_dump(folder / "logits.safetensors", fitted.corpus, "test")
    scores = fitted.model.scores(test)
    theta = fitted.model.fitted.theta
    found = {
        "steps": clock.steps,
        "queries": len(fitted.model.fitted.queries),
        "rules": len(fitted.model.fitted.last.rules),
        "dev_f1": fitted.model.fitted.dev_f1,
        "test_f1": f1([(s >= theta) & apart(len(s)) for s in scores], [d.labels for d in test]),
        "planted": planted_found(plan.out / RULES, folder / "rules.csv"),
        **kept,
    }
    print(json.dumps(found))


def rows_in(file: Path) -> int:
    """The number of candidates in a file of rows."""
    with safe_open(file, framework="numpy") as stored:
        return int(stored.get_slice("labels").get_shape()[0])


def apart(n: int) -> np.ndarray:
    """(N, N, 1) whether head and tail differ."""
    return ~np.eye(n, dtype=np.bool_)[:, :, None]


def f1(predicted: list[np.ndarray], labels: list[np.ndarray]) -> float:
    """F1 of predicted facts, (N, N, R) of each document."""
    right = sum(int((p & y).sum()) for p, y in zip(predicted, labels, strict=True))
    return 2 * right / (sum(int(p.sum()) for p in predicted) + sum(int(y.sum()) for y in labels))


def planted_found(table: Path, planted: Path) -> list[int]:
    """The number of planted rules found and of all, of one atom and then of two."""
    rows = pd.read_csv(table, keep_default_na=False)
    closed = rows[rows.kind.isin((Kind.PAIR, Kind.CHAIN))]
    counted = [0, 0, 0, 0]
    for rule in pd.read_csv(planted, keep_default_na=False).itertuples():
        same = (closed.relation == rule.relation) & (closed.head_type == rule.head_type)
        own = closed[same & (closed.tail_type == rule.tail_type)].sort_values("weight", ascending=False, kind="stable")
        strong = own.body[own.weight > 0].head(STRONGEST)
        place = 2 * str(rule.body).count(" ^ ")
        counted[place] += rule.body in set(strong)
        counted[place + 1] += 1
    return counted


def measure(work: Path, documents: int, floor: float, others: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make the documents where they are missing, go through them, fit: a row of ``fits.csv``, those of its steps."""
    folder = work / str(documents)
    clock = Clock()
    if not (folder / "rules.csv").exists():
        clock.begin("generating")
        World.of(1).write(folder, documents, others)
    clock.begin("reading all shards once")
    shards = Shards.open(folder / "shards")
    facts = sum(int(document.labels.sum()) for number in range(len(shards)) for document in shards.read(number))
    clock.begin("")
    dev = read_dump(folder / "logits.safetensors", PreparedCorpus.open(folder / "corpus"), "dev")
    before = dev_threshold(dev).f1
    done = subprocess.run(
        [sys.executable, __file__, str(folder), "--fit", str(floor)], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    wall, cpu = (sum(step[key] for step in found["steps"]) for key in ("wall_s", "cpu_s"))
    one, of_one, two, of_two = found["planted"]
    sizes = found["queries"], found["rules"], found["rows"], round(found["bytes"] / 1e6, 1)
    costs = round(wall, 1), round(cpu, 1), round(found["steps"][-1]["peak_mib"])
    f1 = (round(100 * value, 2) for value in (before, found["dev_f1"], found["test_f1"]))
    cells = (documents, floor, facts, *sizes, *costs, f"{one}/{of_one}", f"{two}/{of_two}", *f1)
    steps = [{"documents": documents, "floor": floor, **step} for step in (*clock.steps, *found["steps"])]
    return dict(zip(FIT, cells, strict=True)), steps


def add(file: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows to a CSV file, which gets its header first."""
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(columns))
        if new:
            writer.writeheader()
        writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def line(cells: Iterable[Any]) -> str:
    """A row of a Markdown table."""
    words = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return "| " + " | ".join(words) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--documents", type=int, action="append", help="default: 1,000, 3,000 and 10,000")
    parser.add_argument("--floor", type=float, default=0.005, help="least share of the negatives that is read")
    parser.add_argument("--others", type=int, default=300, help="documents of dev, and of test")
    parser.add_argument("--fit", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit is not None:
        fit(options.work, options.fit)
        return
    print(line(FIT.values()) + "\n" + "|---:" * len(FIT) + "|", flush=True)
    for documents in options.documents or (1000, 3000, 10_000):
        row, steps = measure(options.work, documents, options.floor, options.others)
        print(line(row.values()), flush=True)
        add(options.work / "fits.csv", FIT, [row])
        add(options.work / "steps.csv", STEP, steps)


if __name__ == "__main__":
    main()
