"""The tables of docs/trial.md, and what README.md says of the fresh corpora, from the trials that are kept."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from logire.evaluation.metrics import f1
from logire.ground.numbers import signed
from logire.reporting.names import BACKBONE, Names
from logire.trial.record import Trial

FRESH = ("redocred-resplit", "redocred-partial", "docred-partial")
TRIED = (*FRESH, "dwie", "embedded")
"""The corpora of docs/trial.md as its tables order them."""
SHOWN_BY_BACKBONE = ("logire", "logire_plus", "no_chains", "no_context", "context_alone")
Row = dict[str, str]


def trials(root: Path) -> dict[str, str]:
    """The tables of docs/trial.md by the name in their mark: one for each corpus whose trial is kept, two of all."""
    there = {folder.name for folder in root.iterdir()}
    folders = {name: root / name for name in sorted(there, key=TRIED.index)}
    of_all = {"all trials": overview(folders), "all trials by backbone": by_backbone(folders)}
    return of_all | {f"trial {name}": trial(folder) for name, folder in folders.items()}


def trial(folder: Path) -> str:
    """A corpus's trial: gains, by how much LogiRE+ is ahead, and p; ign F1, logic and times stay in its own table."""
    lines = (folder / "tables" / "trial.md").read_text(encoding="utf-8").splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    shown = [at for at, title in enumerate(head) if title not in ("ign F1", "logic", "s", "ms")]
    backbones = head[head.index("F1") + 1 : head.index("least")]
    titles = {"F1": "gain in F1 (95%)", "p": "p (Holm)"} | {on: Names.of(on, BACKBONE).label for on in backbones}
    return markdown(
        [titles.get(head[at], head[at]) for at in shown], [[unbroken(row[at]) for at in shown] for row in rows]
    )


def overview(folders: Mapping[str, Path]) -> str:
    """What every method gains on each corpus, with its interval."""
    tables = {name: gains_of(folder) for name, folder in folders.items()}
    titles = {name: title for folder in folders.values() for name, title in method_titles(folder).items()}
    rows = [
        [title, *(gain(table[name, ""]) if (name, "") in table else "" for table in tables.values())]
        for name, title in titles.items()
        if name != BACKBONE
    ]
    return markdown(["gain in F1 (95%)", *(f"`{name}`" for name in tables)], rows)


def by_backbone(folders: Mapping[str, Path]) -> str:
    """By corpus and backbone: its test F1, and what LogiRE, LogiRE+ and parts of it gain, with intervals."""
    lines = []
    for name, folder in folders.items():
        table = gains_of(folder)
        for backbone in dict.fromkeys(of for _, of in table if of):
            alone = [
                float(f1(Trial.read(file).methods[BACKBONE].splits["test"].counts.sum(axis=0)))
                for file in (folder / backbone).glob("seed*.json")
            ]
            cells = [gain(table[method, backbone]) for method in SHOWN_BY_BACKBONE]
            label = f"{Names.of(backbone, BACKBONE).label}, {len(alone)}"
            lines.append([f"`{name}`", label, f"{sum(alone) / len(alone):.2f}", *cells])
    titles = method_titles(next(iter(folders.values())))
    return markdown(["corpus", "backbone, seeds", "its F1", *map(titles.__getitem__, SHOWN_BY_BACKBONE)], lines)


def gains_of(folder: Path) -> dict[tuple[str, str], Row]:
    """The rows of a trial by method and backbone; no backbone: the mean over them."""
    return {(row["method"], row["backbone"]): row for row in rows_of(folder / "tables" / "trial.csv")}


def method_titles(folder: Path) -> dict[str, str]:
    """What the methods of a trial are called, in their order."""
    return {name: found.title for name, found in Trial.read(next(folder.glob("*/seed*.json"))).methods.items()}


def gain(row: Row) -> str:
    """``+2.44 [+1.81, +3.04]``."""
    mean, low, high = (signed(float(row[of])) for of in ("gain", "low", "high"))
    return unbroken(f"{mean} [{low}, {high}]")


def unbroken(cell: str) -> str:
    """A cell whose interval stays in one line, however narrow the page."""
    return cell.replace(", ", ",\N{NO-BREAK SPACE}") if cell.endswith("]") else cell


def claims(root: Path) -> list[str]:
    """What README.md says of the gains on the fresh corpora, in the order of :data:`FRESH`."""
    tables = [gains_of(root / name) for name in FRESH]

    def of(method: str, value: str = "gain") -> str:
        """``2.0, 3.4 and 2.8``."""
        *first, last = (f"{float(table[method, ''][value]):.1f}" for table in tables)
        return f"{', '.join(first)} and {last}"

    return [
        f"LogiRE+ gains {of('logire_plus')} F1 (95%: at least {of('logire_plus', 'low')})",
        f"LogiRE {of('logire')}",
        f"the best rival (boosted trees on rules) {of('boosted_rules')}",
        f"Rules alone gain {of('no_context')}, context features {of('context_alone')}",
        f"without chains of inference the gain is {of('no_chains')}",
    ]


def rows_of(file: Path) -> list[Row]:
    """The rows of a CSV file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
