"""Fetching corpora from their public sources, pinned by commit, each file checked against a known digest.

DWIE's annotation files with the articles' texts are checked by the SHA-256 of their bytes. DocRED's and Re-DocRED's
files are checked by the SHA-256 of what they hold, see :func:`content_digest`. DocRED as its authors publish it has no
address that can be pinned: bring its ``train_annotated.json``, ``dev.json`` and ``test.json`` by other means.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from logire.corpus.dwie import write_annotations
from logire.ground.digests import content_digest
from logire.ground.errors import InputError
from logire.ground.files import atomic, read_json

GITHUB = "https://raw.githubusercontent.com"
BASE_URL = f"{GITHUB}/Emvista/DWIE-FR/6171524c7139d082e7c4304b284d843bd986df7b/data/dwie/annos_with_content"
RETRY_DELAYS = (0.5, 1.0, 2.0)
"""Seconds to wait before each further attempt at a file."""
PARTIAL = (
    "docred/train_first_200.json",
    "docred/jerex_dev_joint_300.json",
    "docred/dev_triples_by_name_985.json",
    "redocred/dev_revised.json",
    "redocred/test_revised.json",
)
REDOCRED = tuple(f"redocred/{split}_revised.json" for split in ("train", "dev", "test"))
META = ("rel2id.json", "ner2id.json", "rel_info.json")
"""DocRED's own lists: relation -> number, entity type -> number, relation -> its name. They come with the package."""
_DATA = Path(__file__).parent / "data"
_TIMEOUT = 30.0
_REMEDY = (
    "check the network and run this again (files already fetched are kept); or bring the {total} annotation files "
    "with `content` by other means (a folder of {{id}}.json, a .jsonl or a .jsonl.gz) and name them: --raw PATH, "
    "or data.raw in the params file"
)
_DOCRED_REMEDY = "check the network and run this again (files already fetched are kept); or put the file there yourself"

Progress = Callable[[int, int], None]
"""Called with the number of files that are there and the number of all."""


class _UnavailableError(Exception):
    """A file can't be had; trying again makes no sense where ``final``."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Source:
    """A public JSON file of DocRED or Re-DocRED.

    Attributes:
        address: ``owner/repository/commit/path``.
        documents: how many it holds.
        digest: its :func:`content_digest`; None for a file whose content nobody here has seen: it is pinned by its
            commit, and only its number of documents is checked.
    """

    address: str
    documents: int
    digest: str | None


@dataclass(frozen=True)
class _Wanted:
    """A file to fetch; ``trouble`` says what is wrong with the bytes of it, None where nothing is."""

    url: str
    to: Path
    trouble: Callable[[bytes], str | None]


def pinned_hashes() -> dict[str, str]:
    """Document id -> SHA-256 of its annotation file at the pinned commit, for all 802 documents."""
    return dict(read_json(_DATA / "dwie_sha256.json"))


def pinned_sources() -> dict[str, Source]:
    """File name -> source, for the files of :data:`PARTIAL` and :data:`REDOCRED`."""
    rows = read_json(_DATA / "docred_sources.json")
    return {name: Source(row["address"], row["documents"], row["content_sha256"]) for name, row in rows.items()}


def fetch_dwie(
    out: Path,
    *,
    base_url: str = BASE_URL,
    workers: int = 8,
    hashes: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch DWIE's annotation files and write them as one ``.jsonl.gz``, sorted by id; equal files, equal bytes.

    What has arrived is kept in ``OUT.parts`` until all have, so an interrupted fetch goes on where it stopped.

    Args:
        base_url: the files are at ``{base_url}/{id}.json``.
        workers: files fetched at a time.
        hashes: id -> SHA-256 of the files wanted; by default :func:`pinned_hashes`.

    Raises:
        InputError: a file is not to be had, or is not the pinned one; ``out`` is not written then.
    """
    hashes = pinned_hashes() if hashes is None else hashes
    out = Path(out)
    parts = out.with_name(f"{out.name}.parts")
    wanted = {
        title: _Wanted(f"{base_url}/{title}.json", parts / f"{title}.json", partial(_other_bytes, digest))
        for title, digest in hashes.items()
    }
    _bring_all(wanted, workers, progress, lambda title: (title, _REMEDY.format(total=len(wanted))))
    write_annotations(out, (read_json(parts / f"{title}.json") for title in sorted(hashes)))
    shutil.rmtree(parts)


def fetch_docred_partial(
    out: Path,
    *,
    base_url: str = GITHUB,
    sources: Mapping[str, Source] | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch what :func:`logire.corpus.docred_partial.prepare_docred_partial` reads: ``OUT/docred``, ``OUT/redocred``.

    Args:
        base_url: the files are at ``{base_url}/{address}``.
        sources: by default :func:`pinned_sources`.

    Raises:
        InputError: a file is not to be had, or does not hold what it should; the others stay.
    """
    sources = pinned_sources() if sources is None else sources
    _fetch_json({name: (out / name, sources[name]) for name in PARTIAL}, base_url, progress)
    _write_meta(out / "docred")


def fetch_redocred(
    out: Path,
    *,
    base_url: str = GITHUB,
    sources: Mapping[str, Source] | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch the whole of Re-DocRED (Tan et al. 2022) as a folder for :func:`logire.corpus.prepare.prepare_docred`.

    Args, errors: as for :func:`fetch_docred_partial`.
    """
    sources = pinned_sources() if sources is None else sources
    _fetch_json({name: (out / Path(name).name, sources[name]) for name in REDOCRED}, base_url, progress)
    _write_meta(out)


def _fetch_json(files: Mapping[str, tuple[Path, Source]], base_url: str, progress: Progress | None) -> None:
    wanted = {
        name: _Wanted(f"{base_url}/{source.address}", to, partial(_other_content, source))
        for name, (to, source) in files.items()
    }
    _bring_all(wanted, len(wanted), progress, lambda name: (None, f"{_DOCRED_REMEDY}: {wanted[name].to}"))


def _write_meta(folder: Path) -> None:
    for name in META:
        with atomic(folder / name) as temporary:
            shutil.copyfile(_DATA / f"docred_{name}", temporary)


def _other_bytes(digest: str, data: bytes) -> str | None:
    found = hashlib.sha256(data).hexdigest()
    return None if found == digest else f"its SHA-256 is {found}, {digest} was expected (not the pinned release)"


def _other_content(source: Source, data: bytes) -> str | None:
    try:
        value = json.loads(data)
    except ValueError as error:
        return f"it is not JSON ({error})"
    documents = len(value) if isinstance(value, (list, dict)) else 0
    if documents != source.documents:
        return f"it holds {documents} documents, {source.documents} were expected"
    found = content_digest(value)
    if source.digest not in (None, found):
        return f"the SHA-256 of its content is {found}, {source.digest} was expected (not the pinned release)"
    return None


def _bring_all(
    wanted: Mapping[str, _Wanted],
    workers: int,
    progress: Progress | None,
    help_with: Callable[[str], tuple[str | None, str]],
) -> None:
    """Have all files; ``help_with`` gives the document's title, if a file is one, and the remedy for an error."""
    with ThreadPoolExecutor(workers) as pool:
        jobs = {pool.submit(_bring, item): name for name, item in wanted.items()}
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                job.result()
                if progress is not None:
                    progress(done, len(jobs))
        except _UnavailableError as error:
            document, remedy = help_with(jobs[job])
            raise InputError(
                f"cannot be fetched: {error}", file=wanted[jobs[job]].url, document=document, remedy=remedy
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _bring(item: _Wanted) -> None:
    """Have the file in its place, fetching it unless it is already there and whole."""
    if item.to.exists() and item.trouble(item.to.read_bytes()) is None:
        return
    for delay in (*RETRY_DELAYS, None):
        try:
            data = _download(item)
            break
        except _UnavailableError as error:
            if error.final or delay is None:
                raise
        time.sleep(delay)
    with atomic(item.to) as temporary:
        temporary.write_bytes(data)


def _download(item: _Wanted) -> bytes:
    try:
        with urllib.request.urlopen(item.url, timeout=_TIMEOUT) as response:
            data = bytes(response.read())
    except urllib.error.HTTPError as error:
        final = error.code < 500 and error.code != http.HTTPStatus.TOO_MANY_REQUESTS
        raise _UnavailableError(f"HTTP {error.code} {error.reason}", final=final) from error
    except (OSError, http.client.HTTPException) as error:
        raise _UnavailableError(str(error) or type(error).__name__) from error
    except ValueError as error:
        raise _UnavailableError(str(error), final=True) from error
    trouble = item.trouble(data)
    if trouble is not None:
        raise _UnavailableError(trouble)
    return data
