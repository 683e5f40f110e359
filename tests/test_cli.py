"""The command line as a user meets it: answers, messages, exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from rich.table import Table

from logire import cli
from logire.cli import app
from logire.cli.app import main
from logire.cli.common import console
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.errors import InputError


def logire(*arguments, **options):
    command = [sys.executable, "-m", "logire", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "embedded"
    prepare_embedded(folder, documents=(8, 3, 3))
    return folder


def test_help_and_version_answer():
    assert "fit" in logire("--help").stdout
    assert logire("--version").stdout.startswith("logire ")


def test_prepare_writes_the_folder_and_says_what_is_in_it(tmp_path):
    done = logire("prepare", "embedded", "--out", tmp_path / "e", "--documents", 4, 2, 2)
    assert done.returncode == 0, done.stderr
    assert "train: 4 documents" in done.stdout
    names = {"train", "dev", "test", "rel2id", "ner2id", "statistics", "corpus"}
    assert {p.stem for p in (tmp_path / "e").iterdir()} == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prepare", "dwie", "--raw", "nowhere.jsonl", "--out", "x"], "file nowhere.jsonl: does not exist"),
        (["train", "bert", "--documents", "{folder}", "--out", "x"], "unknown backbone 'bert'"),
        (["train", "bilstm", "--documents", "nowhere", "--out", "x"], "file nowhere: is not a folder"),
        (["train", "bilstm", "--documents", "{folder}", "--out", "x", "--settings", '{"lr": 1}'], "lr"),
        (["train", "bilstm", "--documents", "{folder}", "--out", "x", "--settings", "{lr}"], "is not JSON"),
        (["train", "bilstm", "--documents", "{folder}", "--out", "x", "--device", "abacus"], "field device"),
        (["fit", "--documents", "{folder}", "--logits", "no.safetensors", "--out", "x"], "no.safetensors"),
        (["predict", "x"], "logire fit --out RUN"),
        (["predict", "x", "--out", "y.json"], "name the split too"),
        (["rules", "x"], "logire fit --out RUN"),
        (["evaluate", "none.json", "--documents", "{folder}"], "file none.json: does not exist"),
        (["evaluate", "none.json", "--documents", "{folder}", "--distances", "far"], "--distances"),
        (["evaluate", "{folder}", "--documents", "{folder}"], "predictions-dev.json: does not exist"),
        (["evaluate", "{folder}", "--documents", "{folder}", "--json"], "name the file"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_errors_are_one_message_and_exit_code_1(folder, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["logire", *(str(folder) if a == "{folder}" else a for a in arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [], "nothing half-written is left"


def test_evaluate_prints_the_keys_in_percent(folder, tmp_path):
    corpus = PreparedCorpus.open(folder)
    rows = [{"title": d.title, "h_idx": f.head, "t_idx": f.tail, "r": f.relation} for d in corpus.test for f in d.facts]
    (tmp_path / "gold.json").write_text(json.dumps(rows))
    done = logire("evaluate", tmp_path / "gold.json", "--documents", folder, "--split", "test", "--json")
    result = json.loads(done.stdout)
    assert (result["precision"], result["recall"], result["f1"]) == (100.0, 100.0, 100.0)
    assert {"ign_f1", "ign_f1_logire", "logic"} <= result.keys()
    table = logire("evaluate", tmp_path / "gold.json", "--documents", folder, "--split", "test")
    assert "100.00" in table.stdout


def test_names_print_as_they_are(folder, tmp_path, monkeypatch, capsys):
    """To rich, brackets are markup (``[/x]`` an error) and words between colons are pictures."""
    evil = "[/x] [bold]y[/bold] :heart: $(id)"
    table = Table("head [/x]", title=evil, caption=evil)
    table.add_row(evil)
    console().print(evil, table)
    assert capsys.readouterr().out.count(evil) == 4
    monkeypatch.chdir(tmp_path)
    (tmp_path / evil).mkdir(parents=True)
    for words in (
        ["prepare", "docred", "--raw", folder, "--out", f"{evil}/corpus", "--name", evil],
        ["evaluate", "gold.json", "--documents", f"{evil}/corpus", "--split", "test"],
        ["report", "--documents", f"{evil}/corpus", "--out", evil, "--only", "table1"],
        ["provenance", f"{evil}/corpus"],
    ):
        monkeypatch.setattr("sys.argv", ["logire", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert not stopped.value.code, words
        if words[0] == "prepare":
            corpus = PreparedCorpus.open(tmp_path / evil / "corpus")
            facts = [(d.title, f) for d in corpus.test for f in d.facts]
            rows = [{"title": title, "h_idx": f.head, "t_idx": f.tail, "r": f.relation} for title, f in facts]
            (tmp_path / "gold.json").write_text(json.dumps(rows))
            capsys.readouterr()
        else:
            assert evil in capsys.readouterr().out, words


def test_every_command_prints_to_the_one_console():
    made = [f.name for f in Path(cli.__file__).parent.glob("*.py") if "Console(" in f.read_text()]
    assert sorted(made) == ["app.py", "common.py"], "app.py's is the log handler's, which takes no markup"


def test_ctrl_c_says_so_and_the_same_command_goes_on(folder, tmp_path):
    """Interrupted in training: exit 130, no traceback; the run goes on where it was, and ends."""
    arguments = ["train", "bilstm", "--documents", folder, "--out", tmp_path / "run", "--settings"]
    long = [sys.executable, "-m", "logire", *map(str, arguments), '{"epochs": 25, "patience": 25}']
    process = subprocess.Popen(long, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 1:"):  # its checkpoint is written
            break
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert not (tmp_path / "run" / "run.json").exists()
    done = subprocess.run(long, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert "going on after epoch" in done.stderr
    assert (tmp_path / "run" / "run.json").exists()


def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException) -> tuple[int, str]:
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
    assert ended(monkeypatch, capsys, error) == (code, words)


def test_a_defect_is_two_lines_and_a_file_with_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["logire", "rules", "a b\ud800"])
    code, said = ended(monkeypatch, capsys, KeyError("half a\ncharacter: \ud800" + 999 * "x"))
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
    code, said = ended(monkeypatch, capsys, ZeroDivisionError("by zero"))
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
