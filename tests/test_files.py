"""Files: a disk that is full, a folder that another process holds."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from logire.ground.errors import InputError
from logire.ground.files import alone, atomic, write_text

HOLD = """
import sys, time
from logire.ground.files import alone, write_text
with alone(sys.argv[1]):
    print("held", flush=True)
    time.sleep(0.5)
    write_text(sys.argv[1] + "/first", "first")
"""


def write_and_raise(file: Path, error: Exception) -> None:
    with atomic(file) as part:
        part.write_text("half")
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["ours", "safetensors"],
)
def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path, error):
    file = tmp_path / "file"
    write_text(file, "before")
    with pytest.raises(InputError, match=r"file: cannot be written \(No space left on device\)"):
        write_and_raise(file, error)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "before"


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "file"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: is a folder, a file was expected"):
        write_text(tmp_path / "folder", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_one_process_at_a_time_holds_a_folder(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    with alone(tmp_path):
        assert (tmp_path / "first").read_text() == "first"
    assert other.wait() == 0


def test_what_a_killed_writer_left_is_removed(tmp_path):
    (tmp_path / ".model.safetensors.x.part").write_text("half")
    with alone(tmp_path):
        assert list(tmp_path.iterdir()) == []
