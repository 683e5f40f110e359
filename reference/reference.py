"""The measured results that the repository keeps: numbers, and the tables and figures that follow from them.

    python reference/reference.py collect results/dwie reference/dwie
    python reference/reference.py check reference/dwie

``collect`` copies every finished run's numbers (metrics, history, ``run.json``; no text, no predictions, no logits) and
makes the tables and figures from the copies. ``check`` makes them again, elsewhere, from the kept numbers, and compares
every table and figure's numbers byte for byte (drawings may differ with the version of matplotlib: they are not).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KEPT = ("run.json", "history.csv", "metrics-dev.json", "metrics-test.json")
DRAWN = {".png"}
LEFT_OUT = {".html", ".tex", ".pdf"}
"""Other forms of the same tables and drawings; the commands make them again."""
SHOWN = "bilstm"
"""The backbone of figure 4, table 5 and the variants."""


def collect(results: Path, reference: Path) -> None:
    """Copy the numbers of every finished run and make the tables."""
    with tempfile.TemporaryDirectory(dir=reference.parent) as folder:
        fresh = Path(folder) / reference.name
        copy(results / "corpus" / "statistics.json", fresh / "corpus" / "statistics.json")
        for run in sorted(path.parent for path in (results / "runs").rglob("run.json")):
            fold = "folds" in run.relative_to(results).parts
            kept = KEPT[:2] if fold else KEPT
            if all((run / name).exists() for name in kept):
                for name in kept:
                    copy(run / name, fresh / run.relative_to(results) / name)
        for method in ("logire", "logire_plus"):
            rules = Path("runs") / method / SHOWN / "seed1" / "rules.csv"
            if (fresh / rules.parent).exists():
                copy(results / rules, fresh / rules)
        make(fresh)
        if (reference / "README.md").exists():
            copy(reference / "README.md", fresh / "README.md")
        shutil.rmtree(reference, ignore_errors=True)
        fresh.rename(reference)


def check(reference: Path) -> list[str]:
    """What in ``reference`` does not follow from its numbers."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / reference.name
        for part in ("corpus", "runs"):
            shutil.copytree(reference / part, again / part)
        make(again)
        return [
            file.relative_to(again).as_posix()
            for part in ("tables", "figures")
            for file in sorted(
                set((again / part).iterdir()) | {again / part / f.name for f in (reference / part).iterdir()}
            )
            if file.suffix not in DRAWN and not same(file, reference / part / file.name)
        ]


def make(root: Path) -> None:
    """Tables and figures of the runs under ``root``."""
    main = {method: metrics(root / "runs" / method) for method in ("backbone", "logire", "logire_plus")}
    everything = [file for files in main.values() for file in files]
    shown = [file for file in everything if file.parent.parent.name == SHOWN]
    variants = metrics(root / "runs" / "variants")
    rules = root / "runs" / "logire" / SHOWN / "seed1" / "rules.csv"
    tables, figures = root / "tables", root / "figures"
    logire("table1", root / "corpus" / "statistics.json", out=tables / "table1")
    logire("table2", *everything, out=tables / "table2")
    logire("relations", *only_test(everything), "--backbone", SHOWN, out=tables / "relations")
    logire("table5", rules, out=tables / "table5")
    logire("figure4", *only_test(everything), "--backbone", SHOWN, out=figures / "figure4")
    if variants:
        logire("ablations", *shown, *variants, out=tables / "variants")
        logire("frontier", *shown, *variants, out=figures / "frontier")
    minutes(root)
    for file in [*tables.iterdir(), *figures.iterdir()]:
        if file.suffix in LEFT_OUT:
            file.unlink()


def minutes(root: Path) -> None:
    """How long the runs took, by kind of run and backbone: ``tables/minutes.csv``."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for file in sorted((root / "runs").rglob("run.json")):
        run = json.loads(file.read_text(encoding="utf-8"))
        kind = f"variants/{run['variant']}" if run.get("variant") else run["method"]
        seconds.setdefault((kind, run["backbone"]), []).append(float(run["wall_seconds"]))
    rows = [
        f"{kind},{backbone},{len(values)},{sum(values) / len(values) / 60:.2f}"
        for (kind, backbone), values in sorted(seconds.items())
    ]
    (root / "tables" / "minutes.csv").write_text("\n".join(["run,backbone,runs,mean_minutes", *rows]) + "\n", "utf-8")


def metrics(folder: Path) -> list[Path]:
    return sorted(folder.rglob("metrics-*.json"))


def only_test(files: list[Path]) -> list[Path]:
    return [file for file in files if file.name == "metrics-test.json"]


def logire(command: str, *arguments: Path | str, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "logire", command, *(str(argument) for argument in arguments), "--out", str(out)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect", help="copy the numbers of a results folder and make the tables")
    collecting.add_argument("results", type=Path)
    collecting.add_argument("reference", type=Path)
    checking = commands.add_parser("check", help="make the tables again from the kept numbers and compare")
    checking.add_argument("reference", type=Path)
    options = parser.parse_args()
    if options.command == "collect":
        collect(options.results, options.reference)
        return 0
    wrong = check(options.reference)
    print("\n".join(f"does not follow from the numbers: {name}" for name in wrong) or "every table follows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
