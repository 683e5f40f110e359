"""Fetching files that are pinned by commit, several at a time, each checked against a known digest.

Files of one release are checked by the SHA-256 of their bytes; DocRED's and Re-DocRED's, whose copies differ in layout,
by that of what they hold, see :func:`logire.ground.digests.content_digest`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec import Struct

from logire.corpus.data import DATA
from logire.ground.digests import content_digest
from logire.ground.download import Limits, download
from logire.ground.files import atomic
from logire.ground.typed import read_typed

GITHUB = "https://raw.githubusercontent.com"
META = ("rel2id.json", "ner2id.json", "rel_info.json")
"""DocRED's own lists: relation -> number, entity type -> number, relation -> its name. They come with the package."""
_LIMITS = Limits(size=256 << 20, seconds=900)
_REMEDY = "check the network and run this again (files already fetched are kept); or put the file there yourself"

Progress = Callable[[int, int], None]
"""Called with the number of files that are there and the number of all."""


@dataclass(frozen=True)
class Pinned:
    """A file to fetch: its address, its place, and how to check it.

    Attributes:
        sha256: of its bytes, if they are known.
        trouble: a further check; it returns what is wrong with the file, or None.
        document: the title of the document that the file holds, if it is one.
    """

    url: str
    to: Path
    sha256: str | None = None
    trouble: Callable[[Path], str | None] | None = None
    document: str | None = None


class Release(Struct):
    """A public JSON file of DocRED or Re-DocRED.

    Attributes:
        address: ``owner/repository/commit/path``.
        documents: how many it holds.
        content_sha256: its :func:`logire.ground.digests.content_digest`; None if it is not known: the file is pinned
            by its commit, and only its number of documents is checked.
    """

    address: str
    documents: int
    content_sha256: str | None


def pinned_releases() -> dict[str, Release]:
    """File name -> release, for the files of DocRED and Re-DocRED that have an address."""
    return read_typed(DATA / "docred_sources.json", dict[str, Release])


def fetch_files(
    files: Sequence[Pinned], *, workers: int, remedy: str | None = None, progress: Progress | None = None
) -> None:
    """Fetch files side by side; one that is there already and whole is not asked for again.

    Args:
        workers: files fetched at a time.
        remedy: what the user can do if a file cannot be fetched; by default to put it into its place.

    Raises:
        InputError: a file cannot be downloaded or is not the pinned one; the others stay.
    """
    with ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(
                download,
                file.url,
                file.to,
                sha256=file.sha256,
                trouble=file.trouble,
                document=file.document,
                remedy=remedy or f"{_REMEDY}: {file.to}",
                limits=_LIMITS,
            )
            for file in files
        ]
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                job.result()
                if progress is not None:
                    progress(done, len(jobs))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def fetch_releases(
    places: Mapping[str, Path],
    lists: Path,
    base_url: str | None,
    progress: Progress | None,
    releases: Mapping[str, Release] | None = None,
) -> None:
    """Fetch files of DocRED and Re-DocRED, and put DocRED's own lists (:data:`META`) into a folder.

    Args:
        places: name of a release -> where its file goes.
        lists: the folder for the lists.
        base_url: the files are at ``{base_url}/{address}``; by default at :data:`GITHUB`.
        releases: by default :func:`pinned_releases`.

    Raises:
        InputError: a file cannot be downloaded, or does not hold what it should; the others stay.
    """
    releases = pinned_releases() if releases is None else releases
    files = [
        Pinned(f"{base_url or GITHUB}/{releases[name].address}", to, trouble=partial(_trouble, releases[name]))
        for name, to in places.items()
    ]
    fetch_files(files, workers=len(files), progress=progress)
    for name in META:
        with atomic(lists / name) as temporary:
            shutil.copyfile(DATA / f"docred_{name}", temporary)


def _trouble(release: Release, path: Path) -> str | None:
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({error})"
    documents = len(value) if isinstance(value, (list, dict)) else 0
    if documents != release.documents:
        return f"it holds {documents} documents, {release.documents} were expected"
    found, known = content_digest(value), release.content_sha256
    if known not in (None, found):
        return f"the SHA-256 of its content is {found}, {known} was expected (not the pinned release)"
    return None
