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
import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from pathlib import Path

import psutil

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", os.environ.get("CORES", "all")]
STATE = Path(".snakemake")
RESULTS = Path("results")


def main(target: str, *outs: str) -> None:
    """Make ``target``; this process becomes Snakemake, so that its exit code and Ctrl-C are Snakemake's own."""
    wait_for_other_runs()
    for out in outs:
        Path(out).mkdir(parents=True, exist_ok=True)  # a stage may have nothing to make: `also: null`
    made = outputs(target)
    own = {file: rule for file, rule in made.items() if any(file.is_relative_to(out) for out in outs)}
    fetched = {rule for file, rule in made.items() if not file.is_relative_to(RESULTS)}
    recorded = recorded_times()
    foreign = [file for file in made if file.exists() and file.stat().st_mtime != recorded.get(file.as_posix())]
    for file in foreign:
        if file not in own and file.is_relative_to(RESULTS):
            file.touch()
    warn_of_leftovers(outs, own)
    command = [*SNAKEMAKE, target, "--allowed-rules", target, *sorted({*own.values(), *fetched})]
    anew = [file.as_posix() for file in foreign if file in own]
    if anew:
        print(f"{len(anew)} files are not as Snakemake left them, they are made anew: {anew[0]} ...", flush=True)
        command += ["--forcerun", *anew]
    os.execv(command[0], command)


def wait_for_other_runs() -> None:
    """Wait while Snakemake runs in this folder, then remove the lock of a run that was killed."""
    said = False
    while any((STATE / "locks").glob("*")):
        running = [process.pid for process in psutil.process_iter() if _is_snakemake_here(process)]
        if not running:
            subprocess.run([*SNAKEMAKE, "--unlock"], check=True)
            return
        if not said:
            print(f"waiting for the Snakemake that runs in this folder (process {running[0]})", flush=True)
        said = True
        time.sleep(1)


def _is_snakemake_here(process: psutil.Process) -> bool:
    try:
        command = " ".join(process.cmdline()[:3])
        return "snakemake" in command and Path(process.cwd()).samefile(Path.cwd())
    except (psutil.Error, OSError):
        return False  # it has just ended, or is somebody else's


def outputs(target: str) -> dict[Path, str]:
    """Every file that Snakemake would make on the way to ``target``, with its rule."""
    listed = subprocess.run([*SNAKEMAKE, target, "--summary"], capture_output=True, text=True)
    if listed.returncode:
        sys.stderr.write(listed.stderr)
        sys.exit(listed.returncode)
    rows = csv.DictReader(listed.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {Path(row["output_file"]): row["rule"] for row in rows}


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


def warn_of_leftovers(outs: tuple[str, ...], own: dict[Path, str]) -> None:
    """Name folders that hold results of an earlier run only: DVC records them too."""
    wanted = {file.parent for file in own}
    for out in outs:
        found = {file.parent for file in Path(out).rglob("*") if file.is_file()} if own else set()
        for folder in sorted(found - wanted):
            if not any(folder.is_relative_to(kept) for kept in wanted):
                print(f"warning: {folder} is not part of this run, but is recorded with it; delete it if unwanted")


if __name__ == "__main__":
    main(*sys.argv[1:])
