"""One stage of a dvc.yaml: asks Snakemake for a target, and sees to it that DVC records no stale result.

    python workflow/dvc_stage.py DATASET TARGET OUT...     a stage: make TARGET of DATASET, whose files lie under OUT
    python workflow/dvc_stage.py --made DATASET TARGET     its last command: remember the bytes of what was made
    python workflow/dvc_stage.py --check                   find results whose bytes have changed since they were made
    python workflow/dvc_stage.py --fresh [DATASET]         count all results as up to date; check their bytes before

Snakemake judges its files by modification times and by what it has recorded of them. DVC, Git and people put files
there without telling it. What Snakemake did make shows in the benchmark file that it writes when a job has succeeded:
the job's files are no younger than that file, and no older than the job's start. So before Snakemake is asked:

- results whose bytes alone have changed, not their times, get a time long past (``lib/made.py``);
- outputs of this stage that are not as Snakemake left them (pulled, checked out, damaged) are made anew;
- results of earlier stages that are not as Snakemake left them are marked new, so that what was made from them is too;
- only the rules of this stage may run: DVC has already seen to the earlier ones.

A run that is under way in this folder is waited for; the lock of one that was killed is removed.
"""

from __future__ import annotations

import csv
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil

sys.path[:0] = ["src", "."]

from workflow.lib import made  # noqa: E402

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", os.environ.get("CORES", "all")]
LOCKS = Path(".snakemake/locks")
RESULTS = Path("results")
HELD = Path(".dvc/tmp/stage.lock")


def make(dataset: str, target: str, *outs: str) -> None:
    """Make ``target``; this process becomes Snakemake, so that its exit code and Ctrl-C are Snakemake's own."""
    hold_folder()
    wait_for_other_runs()
    of_dataset = ["--config", f"dataset={dataset}"]
    rows = planned(target, *of_dataset)
    own = [row for row in rows if any(row.file.is_relative_to(out) for out in outs)]
    warn_of_leftovers(outs, own)
    earlier = [row for row in rows if row not in own and row.file.is_relative_to(RESULTS)]
    changed = back_date_changed(RESULTS / dataset)
    refuse_what_is_read({file for file, shown in changed.items() if not shown}, earlier)
    spoilt = changed.keys() - {row.file for row in own}
    touched = [row.file for row in earlier if row.is_foreign]
    for file in touched:
        file.touch()
    anew = [row.file.as_posix() for row in own if row.is_foreign or lacks_a_file(row, spoilt)]
    refuse_leftovers(spoilt, outs, own)
    if not touched and not anew and not any(row.pending for row in own):
        print(f"{dataset}, {target}: everything is as Snakemake left it, nothing to be done")
        return
    rules = {row.rule for row in rows if row not in earlier}  # fetching among them
    command = [*SNAKEMAKE, target, "--allowed-rules", target, *sorted(rules), *of_dataset]
    if anew:
        print(f"made anew, for they are not as Snakemake left them: {len(anew)} files, {anew[0]} ...", flush=True)
        command += ["--forcerun", *anew]
    os.execv(command[0], command)


def refuse_what_is_read(spoilt: set[Path], earlier: list[Planned]) -> None:
    """Stop where this stage would read a changed file, which DVC took for the one it knows."""
    for file in sorted(spoilt & {row.file for row in earlier}):
        sys.exit(f"{file} has changed since it was made: run dvc repro again, its own stage then makes it anew")


def refuse_leftovers(spoilt: set[Path], outs: tuple[str, ...], own: list[Planned]) -> None:
    """Stop where a changed file would be recorded, for no job makes it anew."""
    for file in sorted(spoilt):
        if any(file.is_relative_to(out) for out in outs) and not any(lacks_a_file(row, {file}) for row in own):
            sys.exit(f"{file} has changed since it was made, and no job of these params makes it: delete it")


def lacks_a_file(row: Planned, spoilt: set[Path]) -> bool:
    """Whether the job that writes a run's record also wrote a changed file, one that Snakemake does not know."""
    return row.file.name == "run.json" and any(file.is_relative_to(row.file.parent) for file in spoilt)


def back_date_changed(folder: Path) -> dict[Path, bool]:
    """The results whose bytes have changed, each with whether its time shows it.

    Those whose time does not get one at which no job ran: DVC and the stage then see them.
    """
    found = dict(made.changed(folder))
    for file in (file for file, shown in found.items() if not shown):
        print(f"has changed since it was made: {file}", flush=True)
        made.back_date(file)
    return found


def check() -> None:
    """Find what has changed, before DVC is asked: it looks at a file's bytes only if the time is another."""
    hold_folder()
    wait_for_other_runs()
    back_date_changed(RESULTS)


def remember(dataset: str, target: str) -> None:
    """Remember the bytes of what the jobs have made: the last command of a stage, before DVC records it."""
    hold_folder()
    remember_rows(planned(target, "--config", f"dataset={dataset}"))


def remember_rows(rows: list[Planned]) -> None:
    """Remember the bytes of results, each with the benchmark file of its job."""
    made.remember({row.file: row.stamp for row in rows if row.stamp and row.file.is_relative_to(RESULTS)})


def mark_fresh(*datasets: str) -> None:
    """Tell Snakemake that every result there is up to date."""
    of_dataset = ["--config", f"dataset={datasets[0]}"] if datasets else []
    started = time.time()
    subprocess.run([*SNAKEMAKE, "--touch", "--forceall", "--quiet", *of_dataset], check=True)
    rows = planned("all", *of_dataset)
    for stamp in {row.stamp for row in rows if row.stamp and row.file.exists()}:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(f"s\n{time.time() - started:.2f}\n", encoding="utf-8")
    made.forget(RESULTS / datasets[0] if datasets else RESULTS)
    remember_rows(rows)


def hold_folder() -> None:
    """One stage at a time: this process, and the Snakemake that it becomes, holds the folder until it ends.

    A killed `dvc repro` leaves its stage running; the next one waits here, before either has Snakemake's own lock.
    """
    HELD.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(HELD, os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.set_inheritable(handle, True)


def wait_for_other_runs() -> None:
    """Wait while Snakemake runs in this folder, then remove the lock of a run that was killed."""
    said = False
    while any(LOCKS.glob("*")):
        running = [process.pid for process in psutil.process_iter() if _is_snakemake_here(process)]
        if not running:
            subprocess.run([*SNAKEMAKE, "--unlock"])  # it says itself what is wrong, if anything
            return
        if not said:
            print(f"waiting for the Snakemake that runs in this folder (process {running[0]})", flush=True)
        said = True
        time.sleep(1)


def _is_snakemake_here(process: psutil.Process) -> bool:
    try:
        names = {Path(word).name for word in process.cmdline()[:3]}
        return "snakemake" in names and Path(process.cwd()).samefile(Path.cwd())
    except (psutil.Error, OSError):
        return False  # it has just ended, or is somebody else's


class Planned(NamedTuple):
    """A file that Snakemake makes on the way to a target.

    Attributes:
        stamp: the benchmark file of the job that made it; None where Snakemake knows of no such job.
        pending: whether Snakemake would make it now.
    """

    file: Path
    rule: str
    stamp: Path | None
    pending: bool

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else than Snakemake wrote the file last."""
        return self.file.exists() and (self.stamp is None or not made.seems_made(self.file, self.stamp))


def planned(target: str, *options: str) -> list[Planned]:
    """Every file that Snakemake makes on the way to ``target``."""
    listed = subprocess.run([*SNAKEMAKE, target, "--summary", *options], capture_output=True, text=True)
    if listed.returncode:
        sys.stderr.write(listed.stderr)
        sys.exit(listed.returncode)
    found = []
    for row in csv.DictReader(listed.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        log = row["log-file(s)"]
        stamp = Path(log).with_suffix(".tsv") if log != "-" else None
        found.append(Planned(Path(row["output_file"]), row["rule"], stamp, row["plan"] != "no update"))
    return found


def warn_of_leftovers(outs: tuple[str, ...], own: list[Planned]) -> None:
    """Name folders that hold results of an earlier run only: DVC records them too."""
    wanted = {row.file.parent for row in own}
    found = {file.parent for out in outs for file in Path(out).rglob("*") if file.is_file()}
    for folder in sorted(found):
        if not any(folder.is_relative_to(run) for run in wanted):
            print(f"warning: {folder} belongs to no run of these params but is recorded; delete it if unwanted")


if __name__ == "__main__":
    try:
        commands = {"--fresh": mark_fresh, "--made": remember, "--check": check}
        if sys.argv[1] in commands:
            commands[sys.argv[1]](*sys.argv[2:])
        else:
            make(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
