"""How a command ends when something nobody foresaw goes wrong in it."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import pytest

from logire.cli import app
from logire.ground.errors import InputError


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException) -> tuple[int, str]:
    """The exit code of a command that ends with ``error``, and what was said."""

    def command(arguments: object) -> None:
        raise error

    monkeypatch.setattr(app, "app", command)
    code = app.run(["rules", "run"])
    out, said = capsys.readouterr()
    assert out == ""
    return code, said


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("is broken", file="f", remedy="mend it"), 1, "logire: file f: is broken\n  what to do: mend it\n"),
        (OSError(36, "File name too long", "x"), 1, "logire: file x: File name too long\n"),
        (OSError("odd"), 1, "logire: odd\n"),
        (
            MemoryError(),
            1,
            "logire: memory ran out\n  what to do: give it fewer documents, or more memory\n",
        ),
        (SystemExit(2), 2, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("words"), 1, ""),
        (app._InterruptedError(), 130, "logire: interrupted; the same command goes on from here\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_foreseen(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    assert run(monkeypatch, capsys, error) == (code, words)


def test_a_defect_is_two_lines_and_a_file_with_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["logire", "rules", "a b\ud800"])
    code, said = run(monkeypatch, capsys, KeyError("half a\ncharacter: \ud800" + 999 * "x"))
    (file,) = tmp_path.iterdir()
    first, second, rest = said.split("\n")
    assert (code, rest) == (app.UNFORESEEN, "")
    assert first.startswith("logire: unexpected KeyError: 'half a\\ncharacter: \\ud800xxx")
    assert len(first) < 400
    assert second == f"  what to do: report this defect with {file}, which holds the traceback and the command"
    text = file.read_text(encoding="utf-8")
    assert text.startswith("logire ")
    assert r"'logire' 'rules' 'a b\ud800'" in text.split("\n")[0]
    assert "Traceback (most recent call last)" in text
    assert "raise error" in text


def test_without_a_place_for_the_file_the_traceback_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    code, said = run(monkeypatch, capsys, ZeroDivisionError("by zero"))
    assert code == app.UNFORESEEN
    assert said.startswith("logire: unexpected ZeroDivisionError: by zero\nTraceback")


def test_a_terminal_that_lacks_a_letter_gets_it_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def command(arguments: object) -> None:
        raise InputError("no entity 'é\u2028'", document="☃")

    monkeypatch.setattr(app, "app", command)
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    assert app.run([]) == 1
    stream.flush()
    assert raw.getvalue() == b"logire: document \\u2603: no entity '\\xe9\\u2028'\n"
