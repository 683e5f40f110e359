"""Packs a release: python -m workflow.lib.release [VERSION] [--runs FOLDER] [--out FOLDER]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from logire import __version__
from logire.ground.errors import LogireError
from workflow.lib.release.build import build

ROOT = Path(__file__).parents[3]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workflow.lib.release", description="Pack what was measured.")
    parser.add_argument("version", nargs="?", default=__version__, help="the package's version: another one is refused")
    parser.add_argument("--runs", type=Path, action="append", default=[], help="runs beside those below results/")
    parser.add_argument("--out", type=Path, help="the folder to write; by default release/logire-VERSION")
    options = parser.parse_args()
    runs = [*sorted((ROOT / "results").glob("*/runs")), *options.runs]
    try:
        out = build(ROOT, options.version, runs, options.out or ROOT / "release" / f"logire-{options.version}")
    except LogireError as error:
        print(error, file=sys.stderr)
        return 1
    files = [file for file in out.rglob("*") if file.is_file()]
    print(f"{out}: {len(files)} files, {sum(file.stat().st_size for file in files) / 2**20:,.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
