"""What a job would refuse is refused before the first job: every bad input with what its error must say.

All of it runs in one process, without Snakemake; params in use, and how they are laid over each other, are in
``test_params.py``.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bad_values import PLACES

from logire.ground.errors import InputError
from workflow.lib.config import Config
from workflow.lib.reading import read_params

ROOT = Path(__file__).parents[2]
START = "dataset: mine\n"
REST = {"data": "data: {source: embedded}\n", "backbones": "backbones: {bilstm: {}}\n"}

CASES = [(place, key, value, said) for place, key, values in PLACES for value, said in values.items()]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files that a params file may name, by what they are."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "FOLDER").mkdir()
    os.mkfifo(folder / "FIFO")
    (folder / "DANGLING").symlink_to(folder / "nowhere")
    (folder / "BROKEN").write_text("a <- b\nno rule at all\n")
    (folder / "EMPTY").write_text("\n")
    (folder / "LATIN").write_bytes(b"\xe9 <- b\n")
    (folder / "JSONL").write_text("{}\n")
    (folder / "ENCODER").mkdir()
    (folder / "ENCODER" / "config.json").write_text('{"num_hidden_layers": 2, "max_position_embeddings": 64}')
    (folder / "SPLIT").write_text('{"train": []}')
    (folder / "SPLIT_TWICE").write_text('{"train": ["a"], "dev": ["a"], "test": ["b"]}')
    return {file.name: str(file) for file in folder.iterdir()}


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], str]:
    """What is said of a params file ``mine.yaml`` with this content, within three seconds of a processor."""
    monkeypatch.chdir(ROOT)
    file = tmp_path / "mine.yaml"

    def refuse(text: str | bytes) -> str:
        file.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        started = time.process_time()
        with pytest.raises(InputError) as caught:
            Config(read_params(file), [file])
        assert time.process_time() - started < 3.0
        message = str(caught.value)
        assert "\n  what to do: " in message
        return message.replace(str(file), "mine.yaml")

    return refuse


@pytest.mark.parametrize(("place", "key", "value", "said"), CASES, ids=[f"{p % v:.60}" for p, _, v, _ in CASES])
def test_a_wrong_value_is_refused_with_file_line_key_and_remedy(
    place: str, key: str, value: str, said: str, files: dict[str, str], refusal: Callable[[str], str]
) -> None:
    line = re.sub(r"[A-Z_]{4,}", lambda found: files.get(found[0], found[0]), place % value)
    text = START + "".join(rest for section, rest in REST.items() if not line.startswith(f"{section}:")) + line + "\n"
    message = refusal(text)
    where = f"file mine.yaml, line {text.count(chr(10))}, field {key}"
    assert message.startswith(where), message
    assert said in message
    assert len(message) < 1500


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 9))
MAPPINGS = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{b: *a{i - 1}, c: *a{i - 1}, d: *a{i - 1}}}\n" for i in range(1, 20)
)
WHOLE = START + "".join(REST.values())
FILES: dict[str | bytes, tuple[str, str]] = {
    BOMB: ("mine.yaml", "aliases unfold"),
    MERGES: ("mine.yaml", "aliases unfold"),
    MAPPINGS: ("mine.yaml", "aliases unfold"),
    "a: &a [*a]\n": ("mine.yaml", "in itself"),
    "backbones: &a {bilstm: *a}\n": ("mine.yaml", "in itself"),
    "a: " + "[" * 1000: ("mine.yaml", "nested too deeply"),
    "a: " + "[" * 1000 + "]" * 1000: ("mine.yaml", "nested too deeply"),
    "# " + "x" * 2**16: ("mine.yaml", "more than 65,536 bytes"),
    "".join(f"k{i}: 1\n" for i in range(60_000)): ("mine.yaml", "more than 65,536 bytes"),
    WHOLE + "seeds: [1]\nseeds: [2]\n": ("mine.yaml, line 5, field seeds", "occurs twice"),
    WHOLE + 'seeds: [1]\n"seeds": [2]\n': ("mine.yaml, line 5, field seeds", "occurs twice"),
    "backbones: {bilstm: {epochs: 1, epochs: 2}}\n": ("mine.yaml, line 1, field epochs", "occurs twice"),
    WHOLE + "seeds: [{a: 1, a: 2}]\n": ("mine.yaml, line 4, field a", "occurs twice"),
    "dataset: mine\ndata:\n\tsource: embedded\n": ("mine.yaml, line 3", "indented with spaces"),
    "seeds: [1\n": ("mine.yaml, line 2", "cannot be read"),
    WHOLE + 'x: !!python/object/apply:os.system ["true"]\n': ("mine.yaml, line 4", "python/object"),
    WHOLE + "seeds: !foo [1]\n": ("mine.yaml, line 4", "!foo"),
    WHOLE + "seeds: *x\n": ("mine.yaml, line 4", "undefined alias"),
    WHOLE + "---\nseeds: [1]\n": ("mine.yaml, line 4", "another document"),
    WHOLE + "? [1]\n: 2\n": ("mine.yaml, line 4", "a key is a list or a mapping"),
    WHOLE + "? {a: b}\n: 2\n": ("mine.yaml, line 4", "a key is a list or a mapping"),
    WHOLE + "seeds: [010]\n": ("mine.yaml, line 4", "010"),
    WHOLE + "seeds: [1:30]\n": ("mine.yaml, line 4", "1:30"),
    WHOLE + "device: 2024-13-45\n": ("mine.yaml", "put texts in quotes"),
    WHOLE + "seeds: !!int x\n": ("mine.yaml", "put texts in quotes"),
    WHOLE + "seeds: !!bool x\n": ("mine.yaml", "put texts in quotes"),
    WHOLE + "seeds: !!timestamp x\n": ("mine.yaml", "put texts in quotes"),
    WHOLE + 'seeds: !!binary "é"\n': ("mine.yaml, line 4", "base64"),
    WHOLE + f"seeds: [{'9' * 5000}]\n": ("mine.yaml", "put texts in quotes"),
    WHOLE + 'seeds: "\0"\n': ("mine.yaml", "#x0000"),
    WHOLE + 'seeds: "\x07"\n': ("mine.yaml", "#x0007"),
    "<<: 3\n" + WHOLE: ("mine.yaml, line 1", "expected a mapping"),
    "%YAML 9.9\n---\n" + WHOLE: ("mine.yaml, line 1", "version 1"),
    "- 1\n": ("mine.yaml", "a mapping of params was expected"),
    "hello\n": ("mine.yaml", "a mapping of params was expected"),
    "1: 2\n": ("mine.yaml", "a mapping of params was expected"),
    "null: 2\n": ("mine.yaml", "a mapping of params was expected"),
    "\ufeff" + WHOLE + "sedes: 1\n": ("mine.yaml, line 4, field sedes", "no such key"),
    WHOLE.encode("utf-16"): ("mine.yaml", "in UTF-8"),
    WHOLE.encode() + b"# \xe9\n": ("mine.yaml", "in UTF-8"),
    bytes(range(256)) * 10: ("mine.yaml", "in UTF-8"),
    **{
        f"dataset: {name}\n": ("mine.yaml, line 1, field dataset", "is not a dataset's name")
        for name in (
            *('"x\\n"', "../x", '"a b"', '"a;b"', '"\'"', '""', "1", "[a]", "{a: b}", "true", ".", "..", "-x", "é"),
            *("x" * 300, '"x\\u2028"', "/abs", '"-"', '"$(id)"'),
        )
    },
    **{
        f"datasets: {value}\n": ("mine.yaml, line 1, field datasets", "a list of datasets was expected")
        for value in ("[]", "x", "null", "{a: b}")
    },
    **{
        f"datasets: {value}\n": ("mine.yaml, line 1, field datasets.0", "is not a dataset's name")
        for value in ("[1]", "[../x]", '["a\\nb"]', "[[a]]", "[null]")
    },
    "datasets: [nowhere]\n": ("params/nowhere.yaml", "there are no params"),
    "datasets: [authors]\n": ("params/authors.yaml", "is not one itself"),
    WHOLE + "like: nowhere\n": ("params/nowhere.yaml", "there are no params"),
    WHOLE + "like: authors\n": ("params/authors.yaml", "is not one itself"),
    "dataset: default\n": ("params/default.yaml", "is not one itself"),
    WHOLE + "logire_plus: {rules: gold}\n": (
        "mine.yaml, line 4, field logire_plus",
        "gold rules need a file",
    ),
}


@pytest.mark.parametrize(("text", "where", "said"), [(t, *v) for t, v in FILES.items()], ids=range(len(FILES)))
def test_a_wrong_file_is_refused(text: str | bytes, where: str, said: str, refusal: Callable[..., str]) -> None:
    message = refusal(text)
    assert message.startswith(f"file {where}"), message
    assert said in message


GOOD = [
    "like: null\n",
    "seeds: [0x10, 1_000]\n",
    "backbones: {bilstm: &b {epochs: 1}, lstm: {<<: *b}}\n",
    "seeds_of: {cnn: [1]}\ncrossfit: {backbones: [cnn, bilstm]}\n",
    "variants: {backbone: bilstm, seeds: [1], runs: {x: {}}}\n",
    "data: {source: embedded, split: of another source}\n",
    "data: {source: dwie}\n",
    "data: {source: docred-partial, raw: data/docred-partial}\n",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_looks_odd_and_is_right_is_taken(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    file = tmp_path / "mine.yaml"
    file.write_text(START + "".join(rest for name, rest in REST.items() if not text.startswith(name)) + text)
    assert Config(read_params(file), [file]).names == ["mine"]


def test_files_of_rules_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    rules = tmp_path / 'it\'s "mine"; touch x & $(id).txt'
    rules.write_text("a <- b c ^ ~d\n")
    given = {
        "dataset": "mine",
        "data": {"source": "embedded-docred"},
        "backbones": {"bilstm": {}},
        "evaluation": {"gold_rules": str(rules)},
        "table4": {"rules": str(rules)},
        "logire_plus": {"rules": "gold", "gold_rules": str(rules)},
    }
    found = Config(given)["mine"]
    assert found.evaluate_options[-2:] == ["--gold-rules", str(rules)]
    assert found.fitted_with("logire_plus") == found.evaluated_with == [str(rules)]


def test_what_a_trained_backbone_read_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "dataset": "mine",
        "data": {"source": "embedded"},
        "seeds": [1, 2],
        "backbones": {"bilstm": {"vectors": "gone"}},
    }
    (tmp_path / "params").symlink_to(ROOT / "params")
    monkeypatch.chdir(tmp_path)
    for seed in (1, 2):
        with pytest.raises(InputError, match="'gone' is not a file"):
            Config(given)
        run = tmp_path / f"results/mine/runs/backbone/bilstm/seed{seed}"
        run.mkdir(parents=True)
        (run / "run.json").write_text("{}")
    assert Config(given)["mine"].backbones == ["bilstm"]


def test_raw_data_that_has_been_prepared_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that were pulled to another machine can be worked with there."""
    given = {"dataset": "mine", "data": {"source": "docred", "raw": "gone"}, "backbones": {"bilstm": {}}}
    (tmp_path / "params").symlink_to(ROOT / "params")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="'gone' does not exist"):
        Config(given)
    corpus = tmp_path / "results" / "mine" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "train.json").write_text("[]")
    assert Config(given)["mine"].raw == ["gone"]
