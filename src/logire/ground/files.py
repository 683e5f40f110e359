"""Reading and writing files so that nothing half-written is ever left behind."""

from __future__ import annotations

import errno
import fcntl
import glob
import gzip
import json
import logging
import os
import re
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from logire.ground.errors import InputError

log = logging.getLogger(__name__)

LARGEST = 4 << 30
"""Bytes; what is read at once may hold no more. A small gzip file can stand for terabytes."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DISK_PROBLEMS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is renamed over ``path``.

    On any error the temporary file is removed and ``path`` stays as it was.

    Raises:
        InputError: ``path`` is a folder, its folder can't be written to, or the disk is full or broken.
    """
    path = Path(path)
    with _named(path):
        if path.is_dir():
            raise InputError("is a folder, a file was expected", file=path, remedy="name a file in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; give the file the permissions an ordinary open() would.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        problem = _disk_problem(error)
        if problem:
            raise InputError(
                f"cannot be written ({problem})", file=path, remedy="make room on the disk, then run it again"
            ) from error
        raise


@contextmanager
def _named(path: Path, problem: str = "cannot be written") -> Iterator[None]:
    """Say of a failed call of the system which path it was about."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{problem} ({error.strerror})", file=path, remedy="choose a writable folder") from error


def _disk_problem(error: BaseException) -> str | None:
    """What is wrong with the disk, if that is what the error says."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (found := re.search(r"\(os error (\d+)\)", str(error))):
        number = int(found[1])  # safetensors has errors of its own
    return os.strerror(number) if number in _DISK_PROBLEMS else None


@contextmanager
def alone(folder: str | Path) -> Iterator[None]:
    """Hold ``folder`` (made if missing) for this process; while another one holds it, wait.

    What a writer that was killed left half-written there is removed; so is the folder, if nothing came into it.

    Raises:
        InputError: the folder can't be made.
    """
    folder = Path(folder)
    with _named(folder, "cannot be used"):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("waiting for another process that writes %s", folder)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            log.info("%s cannot be locked (%s): see that nothing else writes there", folder, error.strerror)
        for part in folder.glob(".*.part"):
            part.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)
        with suppress(OSError):
            folder.rmdir()  # only if empty


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on success its files are moved into ``path``, made if missing.

    On any error it is removed. A folder that a killed process left is removed by the next one that writes ``path``.

    Raises:
        InputError: ``path`` is a file, or its folder can't be written to.
    """
    path = Path(path)
    prefix, suffix = f".{path.name}.", ".part"
    with _named(path):
        if path.exists() and not path.is_dir():
            raise InputError("cannot be written (it is a file)", file=path, remedy="choose another folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{glob.escape(prefix)}*{suffix}"):
            if left.is_dir() and _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=path.parent))
        handle = os.open(temporary, os.O_RDONLY)
    try:
        with suppress(OSError):  # where a file system has no locks, others are left alone too
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield temporary
        path.mkdir(exist_ok=True)
        for file in sorted(temporary.iterdir()):
            file.replace(path / file.name)
    finally:
        os.close(handle)
        shutil.rmtree(temporary, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether no process holds a folder any more that :func:`whole_folder` made."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any, *, indent: int | None = 2) -> None:
    """Write ``value`` as JSON to ``path`` atomically; key order is kept, so equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path, *, remedy: str | None = None) -> Any:
    """Read a JSON file, plain or gzipped (``.gz``).

    Raises:
        InputError: what :func:`read_bytes` raises, or the file is not JSON; the message names the line where it breaks.
    """
    data = read_bytes(path, remedy=remedy)
    try:
        value = json.loads(data.decode("utf-8"))
        if _SURROGATE.search(data):  # half a character: no file of ours could hold it
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except json.JSONDecodeError as error:
        raise InputError(
            f"broken JSON at line {error.lineno}, column {error.colno}: {error.msg}", file=path, remedy=remedy
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a number of thousands of digits, or nested too deeply
        raise InputError(f"cannot be decoded ({error})", file=path, remedy=remedy) from error


def read_object(path: str | Path, *, remedy: str | None = None) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        InputError: what :func:`read_json` raises, or it holds something else.
    """
    value = read_json(path, remedy=remedy)
    if not isinstance(value, dict):
        raise InputError("an object was expected", file=path, remedy=remedy)
    return value


def exists(path: Path) -> bool:
    """Whether there is something at a path; a path that no file can have leads nowhere."""
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def check_file(path: str | Path, *, remedy: str | None = None) -> Path:
    """``path``, if it can be read as a file: a pipe or a device might never end.

    Raises:
        InputError: it does not exist, is not a file, or cannot be read.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise InputError("does not exist", file=path, remedy=remedy) from error
    except (OSError, ValueError) as error:  # of a name with a null character: a ValueError
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise InputError(problem, file=path, remedy=remedy) from error
    if stat.S_ISDIR(mode):
        raise InputError("is a folder, a file was expected", file=path, remedy=remedy)
    if not stat.S_ISREG(mode):
        raise InputError("is not a file", file=path, remedy=remedy)
    if not os.access(path, os.R_OK):
        raise InputError("cannot be read (permission denied)", file=path, remedy=remedy)
    return path


def read_bytes(path: str | Path, *, remedy: str | None = None, most: int = LARGEST) -> bytes:
    """The bytes of a file; of a ``.gz``, what it holds.

    Raises:
        InputError: what :func:`check_file` raises, it is not a whole gzip file, or it holds more than ``most`` bytes.
    """
    path = check_file(path, remedy=remedy)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(most + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(f"cannot be decoded ({error})", file=path, remedy=remedy) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", file=path, remedy=remedy) from error
    if len(data) > most:
        raise InputError(f"holds more than {most:,} bytes", file=path, remedy=remedy or "split it")
    return data


def read_text(path: str | Path, *, remedy: str | None = None, most: int = LARGEST) -> str:
    """The text (UTF-8) of a file, line ends as they are.

    Raises:
        InputError: what :func:`read_bytes` raises, or it is not UTF-8; the message names the line.
    """
    data = read_bytes(path, remedy=remedy, most=most)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8", file=path, field=f"line {line}", remedy="save it in UTF-8") from error
