"""Fetching DWIE's annotations with the articles' texts from their public source, each file checked by its SHA-256."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from logire.corpus.dwie import write_annotations
from logire.errors import InputError
from logire.files import atomic, read_json

BASE_URL = (
    "https://raw.githubusercontent.com/Emvista/DWIE-FR/6171524c7139d082e7c4304b284d843bd986df7b"
    "/data/dwie/annos_with_content"
)
RETRY_DELAYS = (0.5, 1.0, 2.0)
"""Seconds to wait before each further attempt at a file."""
_TIMEOUT = 30.0
_REMEDY = (
    "check the network and run this again (files already fetched are kept); or bring the {total} annotation files "
    "with `content` by other means (a folder of {{id}}.json, a .jsonl or a .jsonl.gz) and name them: --raw PATH, "
    "or data.raw in the params file"
)


class _UnavailableError(Exception):
    """A file can't be had; trying again makes no sense where ``final``."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


def pinned_hashes() -> dict[str, str]:
    """Document id -> SHA-256 of its annotation file at the pinned commit, for all 802 documents."""
    return dict(read_json(Path(__file__).parent / "data" / "dwie_sha256.json"))


def fetch_dwie(
    out: Path,
    *,
    base_url: str = BASE_URL,
    workers: int = 8,
    hashes: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fetch the annotation files and write them as one ``.jsonl.gz``, sorted by id; equal files, equal bytes.

    What has arrived is kept in ``OUT.parts`` until all have, so an interrupted fetch goes on where it stopped.

    Args:
        base_url: the files are at ``{base_url}/{id}.json``.
        workers: files fetched at a time.
        hashes: id -> SHA-256 of the files wanted; by default :func:`pinned_hashes`.
        progress: called with the number of files that are there and the number of all.

    Raises:
        InputError: a file is not to be had, or is not the pinned one; ``out`` is not written then.
    """
    hashes = pinned_hashes() if hashes is None else hashes
    out = Path(out)
    parts = out.with_name(f"{out.name}.parts")
    with ThreadPoolExecutor(workers) as pool:
        jobs = {
            pool.submit(_bring, f"{base_url}/{title}.json", parts / f"{title}.json", digest): title
            for title, digest in hashes.items()
        }
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                job.result()
                if progress is not None:
                    progress(done, len(jobs))
        except _UnavailableError as error:
            raise InputError(
                f"cannot be fetched: {error}",
                file=f"{base_url}/{jobs[job]}.json",
                document=jobs[job],
                remedy=_REMEDY.format(total=len(jobs)),
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    write_annotations(out, (read_json(parts / f"{title}.json") for title in sorted(hashes)))
    shutil.rmtree(parts)


def _bring(url: str, part: Path, digest: str) -> None:
    """Have the file at ``part``, fetching it unless it is already there and whole."""
    if part.exists() and hashlib.sha256(part.read_bytes()).hexdigest() == digest:
        return
    for delay in (*RETRY_DELAYS, None):
        try:
            data = _download(url, digest)
            break
        except _UnavailableError as error:
            if error.final or delay is None:
                raise
        time.sleep(delay)
    with atomic(part) as temporary:
        temporary.write_bytes(data)


def _download(url: str, digest: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            data = bytes(response.read())
    except urllib.error.HTTPError as error:
        final = error.code < 500 and error.code != http.HTTPStatus.TOO_MANY_REQUESTS
        raise _UnavailableError(f"HTTP {error.code} {error.reason}", final=final) from error
    except (OSError, http.client.HTTPException) as error:
        raise _UnavailableError(str(error) or type(error).__name__) from error
    except ValueError as error:
        raise _UnavailableError(str(error), final=True) from error
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise _UnavailableError(f"its SHA-256 is {found}, {digest} was expected (not the pinned release)")
    return data
