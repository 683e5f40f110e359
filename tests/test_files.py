"""Files: a disk that is full, a folder that another process holds."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logire.ground.errors import InputError
from logire.ground.files import alone, atomic, whole_folder, write_text

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


def test_a_folder_is_written_whole_or_not_at_all(tmp_path):
    with whole_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("1")
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "out") as folder:
        (folder / "b").rename((folder / "a").rename(folder / "c"))  # there is no a
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a").read_text() == "1"
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="it is a file"), whole_folder(tmp_path / "file"):
        pass


def test_what_a_killed_process_left_of_a_folder_goes_when_it_is_written_again(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from logire.ground.files import whole_folder
with whole_folder(Path({str(tmp_path)!r}) / "out") as folder:
    (folder / "a").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert [path.name for path in left.iterdir()] == ["a"]
    with whole_folder(tmp_path / "other"):
        assert left.exists()
    with whole_folder(tmp_path / "out") as first, whole_folder(tmp_path / "out") as second:
        assert not left.exists()
        assert first.exists()  # its writer is at work
        assert second.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]
