"""Keep what was measured as numbers, and check that the tables and figures follow from them.

    python reference/reference.py collect results/dwie reference/dwie [--add]
    python reference/reference.py collect results/dwie/trial reference/trial/dwie [--add]
    python reference/reference.py check reference/dwie
    python reference/reference.py readme reference/dwie

``collect`` keeps the numbers of every finished run (:mod:`logire.reporting.kept`) and makes the tables and figures from
them; with ``--add``, runs that are kept already stay, so that a long table can grow backbone by backbone. A trial
(docs/trial.md) is kept as the files that `logire trial run` wrote: counts by method and document. ``check``
makes these again elsewhere and compares them byte for byte; drawings, which may differ with the version of matplotlib,
are left out. ``readme`` writes the table of README.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from logire.ground.numbers import signed
from logire.reporting.kept import keep, read
from logire.reporting.names import BACKBONE, Names

NEEDED = ("run.json", "history.csv")
SCORED = ("metrics-dev.json", "metrics-test.json")
WITH_RULES = Path("runs/logire/bilstm/seed1")
"""The run whose rules Table 5 shows."""
SHOWN = (("dev", "f1"), ("test", "f1"), ("test", "ign_f1"), ("test", "logic"))
"""The columns of README.md's table: split and metric."""
TRIALS = "*/seed*.json"
"""Where the files of a trial are in its folder."""
DRAWN = (".png",)
NOT_KEPT = (".html", ".tex", ".pdf")
"""Other forms of the same tables and drawings, which git ignores here."""


def collect(results: Path, reference: Path, *, add: bool = False) -> None:
    """Keep the numbers of every finished run of a dataset, or of its trial, and make its tables and figures.

    Args:
        add: leave the kept runs that ``results`` does not have.
    """
    if trials := sorted(results.glob(TRIALS)):
        if not add:
            shutil.rmtree(reference, ignore_errors=True)
        for file in trials:
            kept = reference / file.relative_to(results)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, kept)
        report(reference, reference)
        return
    runs = sorted(path.parent for path in (results / "runs").rglob("run.json"))
    finished = [run for run in runs if all((run / name).exists() for name in needed(run))]
    with_rules = [run for run in finished if run == results / WITH_RULES]
    keep(finished, reference, with_rules=with_rules, beside=read(reference) if add else ())
    statistics = Path("corpus", "statistics.json")
    (reference / statistics).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(results / statistics, reference / statistics)
    report(reference, reference)


def needed(run: Path) -> tuple[str, ...]:
    """The files of a finished run; out-of-fold runs are not scored."""
    return NEEDED if "folds" in run.parts else NEEDED + SCORED


def check(reference: Path) -> list[str]:
    """The tables and figures in ``reference`` that do not follow from its numbers."""
    with tempfile.TemporaryDirectory() as folder:
        # Sources are listed by their path from the table: the copy has the same ones.
        again = Path(folder) / reference.name
        shutil.copytree(reference, again, ignore=shutil.ignore_patterns("tables", "figures"))
        report(again, again)
        names = compared(reference) | compared(again)
        return sorted(name for name in names if not same(reference / name, again / name))


def report(reference: Path, out: Path) -> None:
    """Make the tables and figures of ``reference`` in ``out``."""
    command: list[str | Path] = ["report", reference, "--out", out]
    if trials := sorted(reference.glob(TRIALS)):
        (out / "tables").mkdir(exist_ok=True)
        command = ["trial", "report", *trials, "--out", out / "tables" / "trial"]
    subprocess.run([sys.executable, "-m", "logire", *command], check=True)


def readme_table(reference: Path) -> str:
    """Table 2 with p for the gain in test F1, and how long the fastest run took, as README.md shows it."""
    measured: dict[tuple[str, str, str], dict[tuple[str, str], dict[str, str]]] = {}
    for row in rows_of(reference / "tables" / "table2.csv"):
        key = row["backbone"], row["method"], row["variant"]
        measured.setdefault(key, {})[row["split"], row["metric"]] = row
    timed = rows_of(reference / "tables" / "minutes.csv")
    minutes = {(row["run"], row["backbone"]): tenths(row["least_minutes"]) for row in timed}
    lines = [
        "| | F1, dev | F1, test | ign F1, test | logic, test | p | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for (backbone, method, variant), found in measured.items():
        shown = {key: score(found[key]) for key in SHOWN}
        best = max(float(of["test", "f1"]["mean"]) for (name, _, _), of in measured.items() if name == backbone)
        if float(found["test", "f1"]["mean"]) == best:
            shown["test", "f1"] = f"**{shown['test', 'f1']}**"
        time = minutes[f"variants/{variant}" if variant else method, backbone]
        if method == BACKBONE:
            time += f"; a fold {minutes['fold', backbone]}"
        p = "" if method == BACKBONE else p_value(found["test", "f1"]["p"])
        label = Names.of(backbone, method).label + (f", {variant.replace('_', ' ')}" if variant else "")
        lines.append(f"| {' | '.join([label, *shown.values(), p, time])} |")
    return "\n".join(lines) + "\n"


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def tenths(text: str) -> str:
    """A number with one digit, rounded half up as people do."""
    return str(Decimal(text).quantize(Decimal("0.1"), ROUND_HALF_UP))


def score(row: dict[str, str]) -> str:
    """``47.24 ± 0.72 (+0.47)``."""
    text = f"{float(row['mean']):.2f}"
    text += f" ± {float(row['sd']):.2f}" if row["sd"] else ""
    return text + (f" ({signed(float(row['gain']))})" if row["gain"] else "")


def p_value(text: str) -> str:
    """``0.042``, ``< 0.001``; a dash where there is one seed."""
    return "–" if not text else "< 0.001" if float(text) < 0.001 else f"{float(text):.3f}"


def write_readme(reference: Path) -> None:
    """Put the table between the two marks of README.md."""
    file = Path(__file__).parents[1] / "README.md"
    text = re.sub(
        r"(<!-- measured:[^>]*-->\n\n).*?(\n<!-- end -->)",
        lambda marks: marks[1] + readme_table(reference) + marks[2],
        file.read_text(encoding="utf-8"),
        flags=re.S,
    )
    file.write_text(text, encoding="utf-8")


def compared(folder: Path) -> set[str]:
    """The tables and figures in a folder that must not differ."""
    return {
        file.relative_to(folder).as_posix()
        for part in ("tables", "figures")
        for file in (folder / part).glob("*")
        if file.suffix not in DRAWN + NOT_KEPT
    }


def same(one: Path, other: Path) -> bool:
    """Whether both files exist and are equal."""
    if not (one.exists() and other.exists()):
        return False
    if one.name.endswith(".sources.json"):  # beside the sources, digests of drawings and pages that are not compared
        return json.loads(one.read_bytes())["sources"] == json.loads(other.read_bytes())["sources"]
    return one.read_bytes() == other.read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect", help="keep the numbers of a results folder or a trial, make its tables")
    collecting.add_argument("results", type=Path)
    collecting.add_argument("reference", type=Path)
    collecting.add_argument("--add", action="store_true", help="leave the kept runs that RESULTS does not have")
    checking = commands.add_parser("check", help="make tables and figures again from the kept numbers, and compare")
    checking.add_argument("reference", type=Path)
    shown = commands.add_parser("readme", help="write the table of README.md from the kept numbers")
    shown.add_argument("reference", type=Path)
    options = parser.parse_args()
    if options.command == "readme":
        write_readme(options.reference)
        return 0
    if options.command == "collect":
        collect(options.results, options.reference, add=options.add)
        return 0
    wrong = check(options.reference)
    print("\n".join(f"does not follow from the numbers: {name}" for name in wrong) or "every table follows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
