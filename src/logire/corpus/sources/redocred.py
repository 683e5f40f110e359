"""Re-DocRED (Tan et al. 2022): DocRED with its training and development labels revised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from logire.corpus.fetch import Progress, Release, fetch_releases
from logire.corpus.sources import docred
from logire.corpus.sources.registry import NoOptions, Source

FILES = tuple(f"redocred/{split}_revised.json" for split in ("train", "dev", "test"))


def prepare(raw: Path, out: Path, options: NoOptions) -> None:
    """Prepare Re-DocRED, by the same road as DocRED.

    Raises:
        InputError: what :func:`logire.corpus.sources.docred.prepare` raises.
    """
    docred.prepare(raw, out, docred.Options(name="redocred"))


def fetch_redocred(
    out: Path,
    base_url: str | None = None,
    progress: Progress | None = None,
    *,
    releases: Mapping[str, Release] | None = None,
) -> None:
    """Fetch the whole of Re-DocRED into one folder.

    Args, errors: as for :func:`logire.corpus.fetch.fetch_releases`.
    """
    fetch_releases({name: out / Path(name).name for name in FILES}, out, base_url, progress, releases)


SOURCE = Source(
    name="redocred",
    help="Re-DocRED: a folder with train_revised.json, dev_revised.json and test_revised.json.",
    titles={"redocred": "Re-DocRED"},
    form="docred",
    prepare=prepare,
    order=3,
    raw="The folder with the files.",
    fetched="data/redocred",
    fetch=fetch_redocred,
    check=docred.check,
)
