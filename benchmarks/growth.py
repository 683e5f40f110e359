"""How the cost of fits on shards grows: what ``scale.py`` measured, beside what its smaller sizes foretell.

    python benchmarks/growth.py WORK --figure growth.png

reads ``WORK/fits.csv`` and ``WORK/steps.csv`` and prints two Markdown tables: CPU milliseconds a document by step, and
measured CPU, disk and memory beside the cost model of docs/scale.md. The model's seconds come from the smallest size:
counting and fitting grow with the documents, grounding with documents times bodies of a query type, dev with these
bodies. Bytes on disk follow from the rows that were kept.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd

from logire.rules.context import GROUPS, features_from

STEPS = {
    "counting": "counting",
    "round 1: grounding": "grounding, round 1",
    "round 2: grounding": "grounding, round 2",
    "fitting": "fitting, both rounds",
    "dev": "dev and closure",
}
"""Step -> its name in the figure; several steps of ``steps.csv`` may make one."""
SINGLE, DOUBLE, FLAG = 4, 8, 1
"""Bytes of a number of single and of double precision, and of a label."""


def by_step(steps: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds: a row for each number of documents, a column for each of STEPS."""
    name = steps.step.str.replace(r"round \d: (fitting|dev)", r"\1", regex=True).replace({"closure": "dev"})
    return steps.assign(step=name).pivot_table("cpu_s", "documents", "step", aggfunc="sum")[list(STEPS)]


def foretold(fits: pd.DataFrame, seconds: pd.DataFrame) -> pd.Series:
    """Seconds of the whole fit by the model, from the smallest size."""
    documents = fits.documents / fits.documents[0]
    bodies = fits.rules / fits.query_types
    bodies = bodies / bodies[0]
    growth = {"counting": documents, "fitting": documents, "dev": bodies}
    first = seconds.iloc[0]
    return sum(first[step] * growth.get(step, documents * bodies) for step in STEPS).set_axis(seconds.index)


def disk(fits: pd.DataFrame) -> pd.Series:
    """Megabytes of both rounds' rows: phi of the mean number of bodies, logit, label, shift and context of each."""
    context = len(features_from(GROUPS))
    row = SINGLE * (fits.rules / fits.query_types + 1 + context) + DOUBLE + FLAG
    return 2 * fits.rows * row / 1e6


def markdown(table: pd.DataFrame) -> str:
    """A Markdown table, numbers right."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|---:" * len(table.columns) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def draw(fits: pd.DataFrame, seconds: pd.DataFrame, file: Path) -> None:
    """CPU time by step and peak memory against the number of documents."""
    mpl.use("Agg")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for step, name in STEPS.items():
        left.plot(seconds.index, seconds[step], marker="o", markersize=4, linewidth=1.2, label=name)
    total = seconds.sum(axis=1)
    left.plot(total.index, total, color="black", marker="o", markersize=4, linewidth=1.6, label="total")
    left.plot(total.index, foretold(fits, seconds), color="black", linestyle=":", label="the model")
    left.set(xscale="log", yscale="log", xlabel="training documents", ylabel="CPU seconds")
    left.legend(fontsize=7, frameon=False)
    right.plot(fits.documents, fits.peak_mib / 1024, color="black", marker="o", markersize=4)
    right.set(xscale="log", xlabel="training documents", ylabel="peak memory, GiB", ylim=(0, 4))
    for axes in (left, right):
        axes.set_xticks(fits.documents, [f"{n:,}" for n in fits.documents], fontsize=8)
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=160, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    fits = pd.read_csv(options.work / "fits.csv").sort_values("documents", ignore_index=True)
    seconds = by_step(pd.read_csv(options.work / "steps.csv"))
    each = (1000 * seconds.div(seconds.index, axis=0)).round(1).rename(columns=STEPS)
    print(markdown(each.reset_index()) + "\n")
    total = seconds.sum(axis=1)
    model = pd.DataFrame(
        {
            "documents": fits.documents,
            "CPU s": total.round(0).astype(int).to_numpy(),
            "foretold": foretold(fits, seconds).round(0).astype(int).to_numpy(),
            "MB on disk": fits.disk_mb.round(0).astype(int),
            "by the model": disk(fits).round(0).astype(int),
            "peak MiB": fits.peak_mib,
        }
    )
    print(markdown(model))
    if options.figure:
        draw(fits, seconds, options.figure)


if __name__ == "__main__":
    main()
