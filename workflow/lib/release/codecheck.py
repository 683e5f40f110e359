"""``codecheck.yml``: the tables and figures that a check would make again (https://codecheck.org.uk/spec/config/1.0/)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from logire.reporting.exhibits import exhibits
from logire.reporting.sources import LISTED, Listed, read_sources

FILE = "codecheck.yml"
VERSION = "https://codecheck.org.uk/spec/config/1.0/"
_OF_A_RUN = ("backbone", "method", "variant", "seed")
OPEN = """\
# Written by whoever checks: codechecker (name, ORCID), summary, check_time, certificate and report; and, once it is
# known where this code is read, repository.
"""


def codecheck(out: Path, about: Mapping[str, Any]) -> str:
    """The text of the file for the release in ``out``.

    Args:
        about: what CITATION.cff says.
    """
    paper = about["preferred-citation"]
    known = {
        "version": VERSION,
        "paper": {
            "title": paper["title"],
            "authors": [{"name": f"{of['given-names']} {of['family-names']}"} for of in paper["authors"]],
            "reference": paper["url"],
        },
        "manifest": list(manifest(out)),
        **({"repository": about["repository-code"]} if "repository-code" in about else {}),
    }
    return "---\n" + yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=120) + OPEN


def manifest(out: Path) -> Iterator[dict[str, str]]:
    """Each file of a table or figure in ``out``, with what it shows and what it was made from."""
    titles = {exhibit.name: exhibit.title for exhibit in exhibits()}
    for listed in sorted(out.rglob(f"*{LISTED}")):
        stem = listed.name.removesuffix(LISTED)
        text = f"{titles.get(stem, stem)}, from {_counted(read_sources(listed))} ({listed.name})"
        for file in sorted(listed.parent.glob(f"{stem}.*")):
            if file != listed:
                yield {"file": file.relative_to(out).as_posix(), "comment": text}


def _counted(listed: Listed) -> str:
    """``10 runs``; of what is not made from runs, ``3 files``."""
    runs = {tuple(row.get(key) for key in _OF_A_RUN) for row in listed.sources if row.get("seed") is not None}
    files = {row["file"] for row in listed.sources}
    count, what = (len(runs), "run") if runs else (len(files), "file")
    return f"{count} {what}{'s' if count > 1 else ''}"
