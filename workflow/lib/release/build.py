"""A release from results: the files, what describes them, and the sum of each."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from logire import __version__
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import whole_folder, write_json, write_text
from logire.ground.yamlfiles import read_mapping
from workflow.lib.release.codecheck import FILE as CODECHECK
from workflow.lib.release.codecheck import codecheck
from workflow.lib.release.contents import Results, check_names, copy_reference
from workflow.lib.release.crate import METADATA, crate

CITATION, LICENSE, REFERENCE, README = "CITATION.cff", "LICENSE", "reference", "README.md"
GUIDE = Path("docs", "release.md")
"""What stands in the release as README.md."""
SUMS = "SHA256SUMS"


def build(root: Path, version: str, runs: Sequence[Path], out: Path) -> Path:
    """Write the release of some runs into ``out``; equal inputs give equal bytes.

    Args:
        root: the repository: its licence, citation and kept numbers go along.
        version: the package's and CITATION.cff's; another one is refused.
        runs: folders of finished runs, each of one corpus.
        out: a folder that does not exist or is empty.

    Raises:
        InputError: ``version`` is not the package's, there is something in ``out``, or a file cannot be read.
    """
    about = read_mapping(root / CITATION, what="citation")
    for said, file in ((__version__, root / "src/logire/__init__.py"), (about.get("version"), root / CITATION)):
        if version != said:
            raise InputError(f"says {said}, not {version}", file=file, field="version", remedy="change one of both")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("is not empty", file=out, remedy="delete it, or choose another folder")
    results = sorted((Results.read(folder) for folder in runs), key=lambda of: of.name)
    if not results:
        raise InputError(
            "no finished run", file=root / "results", remedy="make one: snakemake; or name a folder: RUNS="
        )
    check_names(results)
    with whole_folder(out) as scratch:
        for of in results:
            of.write(scratch / of.place)
        copy_reference(root / REFERENCE, scratch / REFERENCE)
        for source, name in ((root / LICENSE, LICENSE), (root / CITATION, CITATION), (root / GUIDE, README)):
            shutil.copyfile(source, scratch / name)
        write_text(scratch / CODECHECK, codecheck(scratch, about))
        date = str(about.get("date-released") or commit_date(root))
        top = [CITATION, CODECHECK, LICENSE, README, SUMS, f"{REFERENCE}/"]
        write_json(scratch / METADATA, crate(scratch, results, version=version, date=date, about=about, top=top))
        write_text(scratch / SUMS, sums(scratch))
    return out


def commit_date(root: Path) -> str:
    """The day of the last commit: a release that has no date yet does not depend on the clock.

    Raises:
        InputError: there is no repository.
    """
    done = subprocess.run(["git", "log", "-1", "--format=%cs"], cwd=root, capture_output=True, text=True)
    if done.returncode or not done.stdout.strip():
        raise InputError(
            "has no date", file=root / CITATION, field="date-released", remedy="write the day of the release there"
        )
    return done.stdout.strip()


def sums(out: Path) -> str:
    """The lines of ``SHA256SUMS``, as ``sha256sum -c`` reads them."""
    files = sorted(file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file())
    return "".join(f"{file_digest(out / name)}  {name}\n" for name in files)
