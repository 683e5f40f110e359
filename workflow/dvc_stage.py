"""One stage of dvc.yaml: asks Snakemake for a target, and sees to it that DVC records no stale result.

    python workflow/dvc_stage.py TARGET OUT...

Snakemake judges its files by modification times and by what it has recorded of them. DVC, Git and people put files
there without telling it, so before it is asked:

- outputs of this stage that are not as Snakemake left them (pulled, checked out, damaged) are made anew;
- results of earlier stages that are not as Snakemake left them are marked new, so that what was made from them is too;
- only the rules of this stage may run: DVC has already seen to the earlier ones.

A run that goes on in this folder is waited for; the lock of one that was killed is removed.
"""

from __future__ import annotations

import binascii
import csv
import fcntl
import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import NamedTuple

import psutil

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", os.environ.get("CORES", "all")]
STATE = Path(".snakemake")
RESULTS = Path("results")
HELD = Path(".dvc/tmp/stage.lock")


def main(target: str, *outs: str) -> None:
    """Make ``target``; this process becomes Snakemake, so that its exit code and Ctrl-C are Snakemake's own."""
    hold_folder()
    wait_for_other_runs()
    for out in outs:
        Path(out).mkdir(parents=True, exist_ok=True)  # a stage may have nothing to make: `also: null`
    rows = planned(target)
    own = [row for row in rows if any(row.file.is_relative_to(out) for out in outs)]
    warn_of_leftovers(outs, own)
    earlier = [row for row in rows if row not in own and row.file.is_relative_to(RESULTS)]
    recorded = recorded_times()
    touched = [row.file for row in earlier if is_foreign(row.file, recorded)]
    for file in touched:
        file.touch()
    anew = [row.file.as_posix() for row in own if is_foreign(row.file, recorded)]
    if not touched and not anew and not any(row.pending for row in own):
        print(f"{target}: everything is as Snakemake left it, nothing to be done")
        return
    rules = {row.rule for row in rows if row not in earlier}  # fetching among them
    command = [*SNAKEMAKE, target, "--allowed-rules", target, *sorted(rules)]
    if anew:
        print(f"made anew, for they are not as Snakemake left them: {len(anew)} files, {anew[0]} ...", flush=True)
        command += ["--forcerun", *anew]
    os.execv(command[0], command)


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
    while any((STATE / "locks").glob("*")):
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
    """A file that Snakemake makes on the way to a target."""

    file: Path
    rule: str
    pending: bool


def planned(target: str) -> list[Planned]:
    """Every file that Snakemake makes on the way to ``target``."""
    listed = subprocess.run([*SNAKEMAKE, target, "--summary"], capture_output=True, text=True)
    if listed.returncode:
        sys.stderr.write(listed.stderr)
        sys.exit(listed.returncode)
    rows = csv.DictReader(listed.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Planned(Path(row["output_file"]), row["rule"], row["plan"] != "no update") for row in rows]


def is_foreign(file: Path, recorded: dict[str, float]) -> bool:
    """Whether somebody else than Snakemake wrote the file last."""
    return file.exists() and file.stat().st_mtime != recorded.get(file.as_posix())


def recorded_times() -> dict[str, float]:
    """When each file was last written, as Snakemake has recorded it."""
    times = {}
    folder = STATE / "metadata"
    for file in folder.rglob("*"):
        # a long name is cut into folders, each but the last with an @ in front
        name = "".join(part.removeprefix("@") for part in file.relative_to(folder).parts)
        try:
            times[urlsafe_b64decode(name).decode()] = json.loads(file.read_bytes())["endtime"]
        except (OSError, ValueError, KeyError, binascii.Error):
            continue  # a folder, or half a record
    return times


def warn_of_leftovers(outs: tuple[str, ...], own: list[Planned]) -> None:
    """Name folders that hold results of an earlier run only: DVC records them too."""
    wanted = {row.file.parent for row in own}
    found = {file.parent for out in outs for file in Path(out).rglob("*") if file.is_file()}
    for folder in sorted(found):
        if not any(folder.is_relative_to(run) for run in wanted):
            print(f"warning: {folder} is no part of this run but is recorded with it; delete it if it is not wanted")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
