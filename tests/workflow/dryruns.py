"""Dry runs in one process: what Snakemake would rerun after each of many changes.

    python dryruns.py PARAMS < CHANGES > RERUNS

CHANGES: a JSON list of lists of [file, text to append]. RERUNS: for each, [output, rule, status] of every file that
would be made anew; the changes are undone.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.enums import Quietness, RerunTrigger
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

TRIGGERS = frozenset({RerunTrigger.CODE, RerunTrigger.INPUT, RerunTrigger.MTIME, RerunTrigger.PARAMS})


def pending(params: Path) -> list[list[str]]:
    """The rows of `snakemake --summary` with work to do."""
    with contextlib.redirect_stdout(io.StringIO()) as said, SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            snakefile=Path("Snakefile"),
            config_settings=ConfigSettings(configfiles=[params]),
            resource_settings=ResourceSettings(cores=1),
        )
        workflow.dag(dag_settings=DAGSettings(rerun_triggers=TRIGGERS)).summary()
    rows = [line.split("\t") for line in said.getvalue().splitlines()[1:]]
    return [[row[0], row[2], row[4]] for row in rows if row[5] != "no update"]


def main() -> None:
    found = []
    for change in json.load(sys.stdin):
        kept = {file: Path(file).read_bytes() for file, _ in change}
        for file, text in change:
            Path(file).write_bytes(kept[file] + text.encode())
        found.append(pending(Path(sys.argv[1])))
        for file, content in kept.items():
            Path(file).write_bytes(content)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
