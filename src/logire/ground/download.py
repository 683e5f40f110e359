"""Downloading a file: checked by its digest, kept if it is already there, bounded in size and in time.

pooch decides whether a file has to be downloaded, checks its SHA-256, tries again, and puts it into place only when it
is whole. The transfer itself is ours, because pooch's own sets no limits.
"""

from __future__ import annotations

import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from logire.ground.errors import InputError

RETRIES = 3
"""How often a file is asked for again; pooch waits one second, then two, then three."""
TIMEOUT = 30.0
"""Seconds without a single byte after which a server counts as silent."""
REMEDY = "check the network and run this again, or download the file by other means and put it there yourself"
SCHEMES = ("http", "https")
"""What an address may begin with, wherever a redirect leads."""
_CHUNK = 1 << 20
_RETRYABLE = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True)
class Limits:
    """The most that one file may be.

    Attributes:
        size: bytes.
        seconds: time that its content may take to arrive.
    """

    size: int = 8 << 30
    seconds: float = 4 * 3600


class _PassingError(ValueError):
    """A transfer failed, and may succeed when it is tried again: pooch retries after a ValueError."""


class _FinalError(Exception):
    """A transfer failed, and trying again is pointless."""


def check_address(url: str, *, field: str | None = None) -> None:
    """Refuse what is not an address on the web.

    Raises:
        InputError: another scheme than :data:`SCHEMES`, or no host.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in SCHEMES and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        sound = False
    if not sound:
        raise InputError(
            f"{url!r} is not an address that can be downloaded from",
            field=field,
            remedy=f"give one that begins with {' or '.join(f'{scheme}://' for scheme in SCHEMES)}",
        )


def download(
    url: str,
    to: Path,
    *,
    sha256: str | None = None,
    field: str | None = None,
    document: str | None = None,
    remedy: str = REMEDY,
    trouble: Callable[[Path], str | None] | None = None,
    limits: Limits | None = None,
) -> Path:
    """Make sure that ``to`` holds the file at ``url``; a file that is already there and whole is not asked for again.

    ``to`` is written whole or not at all.

    Args:
        url: see :func:`check_address`.
        sha256: of the file's bytes; None if they are not known.
        field: the setting that the address comes from, for error messages.
        document: the title of the document that the file holds, for error messages.
        remedy: what the user can do when the file cannot be downloaded.
        trouble: a further check of the file; it returns what is wrong with it, or None.
        limits: see :class:`Limits`.

    Returns:
        ``to``, as an absolute path.

    Raises:
        InputError: ``url`` is not an address, or the file cannot be downloaded, exceeds a limit, fails a check, or
            cannot be written.
    """
    import pooch

    check_address(url, field=field)
    to = to.absolute()
    if to.exists() and not to.is_file():
        raise InputError("is not a file", file=to, field=field, remedy="choose another place")
    pooch.get_logger().setLevel(logging.ERROR)
    known = {to.name: sha256 and f"sha256:{sha256}"}
    store = pooch.create(to.parent, base_url="", registry=known, urls={to.name: url}, retry_if_failed=RETRIES)
    try:
        if trouble is not None and to.exists() and trouble(to) is not None:
            to.unlink()
        store.fetch(to.name, downloader=_Transfer(limits or Limits(), trouble))
    except (ValueError, _FinalError) as error:
        raise InputError(
            f"cannot be downloaded: {error}", file=url, document=document, field=field, remedy=remedy
        ) from error
    except OSError as error:
        problem = f"cannot be written ({error.strerror or error})"
        raise InputError(problem, file=to, field=field, remedy="choose a writable folder with enough space") from error
    return to


@dataclass(frozen=True)
class _Transfer:
    """A downloader as pooch calls it."""

    limits: Limits
    trouble: Callable[[Path], str | None] | None

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        path = Path(output_file)
        with _open(url) as response:
            self.save(response, path)
        found = self.trouble(path) if self.trouble else None
        if found is not None:
            raise _PassingError(found)
        # pooch's temporary file is private; give it the permissions that an ordinary open() gives.
        mask = os.umask(0)
        os.umask(mask)
        path.chmod(0o666 & ~mask)

    def save(self, response: http.client.HTTPResponse, path: Path) -> None:
        """Write the answer's body to ``path``, within the limits."""
        deadline = time.monotonic() + self.limits.seconds
        expected, received = response.length, 0
        with path.open("wb") as file:
            for data in _chunks(response):
                received += len(data)
                if received > self.limits.size:
                    raise _FinalError(f"it is larger than {self.limits.size:,} bytes")
                if time.monotonic() > deadline:
                    raise _FinalError(f"it did not arrive within {self.limits.seconds:g} seconds")
                file.write(data)
        if expected is not None and received != expected:
            raise _PassingError(f"the connection ended after {received:,} of {expected:,} bytes")


def _open(url: str) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = _opener().open(url, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        retryable = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in _RETRYABLE
        raise (_PassingError if retryable else _FinalError)(f"HTTP {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        unknown = _words(error).startswith("unknown url type")
        raise (_FinalError if unknown else _PassingError)(_words(error)) from error
    except ValueError as error:  # an address without a scheme
        raise _FinalError(str(error)) from error
    return response


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body in pieces as they arrive, so that a server that drips bytes cannot hold us past a limit."""
    while True:
        try:
            data = response.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _PassingError(_words(error)) from error
        if not data:
            return
        yield data


def _words(error: Exception) -> str:
    """What an error says, or at least its name."""
    return str(getattr(error, "reason", error)) or type(error).__name__


def _opener() -> urllib.request.OpenerDirector:
    """Opens ``http`` and ``https`` only, wherever a redirect leads; local files and FTP are unknown to it."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
