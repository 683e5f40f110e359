"""Keep what was measured as numbers, and check that the tables and figures follow from them.

    python reference/reference.py collect results/dwie reference/dwie [--add]
    python reference/reference.py collect results/dwie/trial reference/trial/dwie [--add]
    python reference/reference.py check reference/dwie

``collect`` keeps the numbers of every seed that has all its runs (:mod:`logire.reporting.kept`) and makes the tables
and figures from them; with ``--add``, runs that are kept already stay, so that a long table can grow backbone by
backbone. A trial (docs/trial.md) is kept as the files that `logire trial run` wrote: counts by method and document.
``check`` makes these again elsewhere and compares them byte for byte; drawings, which may differ with the version of
matplotlib, are left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from logire.ground.errors import InputError
from logire.reporting.kept import Kept, keep, read

NEEDED = ("run.json", "history.csv")
SCORED = ("metrics-dev.json", "metrics-test.json")
WITH_RULES = Path("runs/logire/atlop/seed1")
"""The run whose rules are kept: Table 5 shows them, Figure 4 its backbone, as in the paper."""
TRIALS = "*/seed*.json"
"""Where the files of a trial are in its folder."""
Place = tuple[str, str, str]
"""A run by its kind (method or variant, and fold), backbone and seed."""
DRAWN = (".png",)
NOT_KEPT = (".html", ".tex", ".pdf")
"""Other forms of the same tables and drawings, which git ignores here."""


def collect(results: Path, reference: Path, *, add: bool = False) -> None:
    """Keep the numbers of every finished run of a dataset, or of its trial, and make its tables and figures.

    Args:
        add: leave the kept runs that ``results`` does not have.

    Raises:
        InputError: no seed has all its runs, or a file is damaged.
    """
    if trials := sorted(results.glob(TRIALS)):
        if not add:
            shutil.rmtree(reference, ignore_errors=True)
        for file in trials:
            copy = reference / file.relative_to(results)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        report(reference, reference)
        return
    beside = kept(reference) if add else []
    runs = sorted(path.parent for path in (results / "runs").rglob("run.json"))
    finished = {place_of(run.relative_to(results / "runs")): run for run in runs if is_finished(run)}
    lacking = incomplete({*finished, *(place_of(Path(run.name)) for run in beside)})
    for (backbone, seed), missing in lacking.items():
        print(f"left out: {backbone}, {seed}, which has no {', '.join(missing)} yet", file=sys.stderr)
    whole = [run for place, run in finished.items() if place[1:] not in lacking]
    if not whole:
        raise InputError("no seed has all its runs", file=results, remedy="name a dataset's results, or finish one")
    keep(whole, reference, with_rules={results / WITH_RULES} & set(whole), beside=beside)
    statistics = Path("corpus", "statistics.json")
    (reference / statistics).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(results / statistics, reference / statistics)
    report(reference, reference)


def is_finished(run: Path) -> bool:
    """Whether a run has all its files; out-of-fold runs are not scored."""
    return all((run / name).exists() for name in (NEEDED if "folds" in run.parts else NEEDED + SCORED))


def place_of(run: Path) -> Place:
    """What ``folds/cnn/seed2/1of3`` is: ``("folds/1of3", "cnn", "seed2")``."""
    at = next(at for at, part in enumerate(run.parts) if part.startswith("seed"))
    return "/".join(run.parts[: at - 1] + run.parts[at + 1 :]), run.parts[at - 1], run.parts[at]


def incomplete(places: Collection[Place]) -> dict[tuple[str, str], list[str]]:
    """The seeds that still lack a kind of run which more than half of the backbones have, and what they lack.

    Tables compare methods on the same seeds: one that is half done would change a mean, not a gain. What few backbones
    have, such as the variants on one of them, is no gap of the others.
    """
    having: dict[str, set[str]] = {}
    seeds: dict[tuple[str, str], set[str]] = {}
    for kind, backbone, seed in places:
        having.setdefault(kind, set()).add(backbone)
        seeds.setdefault((backbone, seed), set()).add(kind)
    backbones = {backbone for backbone, _ in seeds}
    needed = {kind for kind, those in having.items() if 2 * len(those) > len(backbones)}
    return {seed: sorted(needed - found) for seed, found in sorted(seeds.items()) if needed - found}


def kept(reference: Path) -> list[Kept]:
    """The runs that a reference keeps; none where it is new or holds a trial."""
    return read(reference) if (reference / "runs.csv").exists() else []


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
    command: list[str | Path]
    if trials := sorted(reference.glob(TRIALS)):
        (out / "tables").mkdir(exist_ok=True)
        command = ["trial", "report", *trials, "--out", out / "tables" / "trial"]
    else:
        command = ["report", reference, "--out", out]
        if shown := next((run.record.backbone for run in kept(reference) if run.rules is not None), None):
            command += ["--backbone", shown]
    subprocess.run([sys.executable, "-m", "logire", *command], check=True)


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
    options = parser.parse_args()
    try:
        return done(options)
    except InputError as error:
        print(error, file=sys.stderr)
    except subprocess.CalledProcessError:
        pass  # the command has said what is wrong
    return 1


def done(options: argparse.Namespace) -> int:
    """Do what the command line asks for, and give the exit code."""
    if options.command == "collect":
        collect(options.results, options.reference, add=options.add)
        return 0
    wrong = check(options.reference)
    print("\n".join(f"does not follow from the numbers: {name}" for name in wrong) or "every table follows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
