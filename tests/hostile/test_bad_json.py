"""Files that are not the JSON they should be, or not files, for every command that reads one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_world import BROKEN_JSON, ODD_FILES, World, clear, write

EVALUATE = "evaluate gold.json --documents corpus"
PREPARE = "prepare dwie --raw raw.jsonl --split split.json --out out"
BROWSE = "browse run --out page.html"
READERS = {
    "corpus/test.json": EVALUATE,
    "corpus/rel2id.json": EVALUATE,
    "corpus/ner2id.json": EVALUATE,
    "corpus/corpus.json": EVALUATE,
    "corpus/statistics.json": "report --out report --documents corpus",
    "gold.json": EVALUATE,
    "raw.jsonl": PREPARE,
    "split.json": PREPARE,
    "run/run.json": "predict run",
    "run/explanations-test.jsonl": BROWSE,
    "run/metrics-test.json": "provenance run/metrics-test.json",
    "run/model.safetensors": "predict run",
    "run/rules.csv": "predict run",
    "logits.safetensors": "predict run --logits logits.safetensors",
    "rules.txt": f"{EVALUATE} --gold-rules rules.txt",
}
"""File -> a command that reads it."""
TAKEN = {
    ("corpus/corpus.json", "missing"),  # the folder's name is the corpus's then
    ("corpus/corpus.json", "a link to nothing"),
    ("corpus/corpus.json", "a link to itself"),
    ("gold.json", "an empty list"),  # a model may predict nothing
}
"""What is sound all the same."""
JSON = [file for file in READERS if not file.endswith((".safetensors", ".csv", ".txt"))]


@pytest.mark.parametrize("kind", BROKEN_JSON)
@pytest.mark.parametrize("file", JSON)
def test_broken_json_is_one_message_with_the_files_name(world: World, file: str, kind: str) -> None:
    write(world.folder / file, BROKEN_JSON[kind])
    world.check(READERS[file], () if (file, kind) in TAKEN else (_shown(file),))


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.parametrize("file", READERS)
def test_what_is_not_a_file_is_one_message_with_its_name(world: World, file: str, kind: str) -> None:
    clear(world.folder / file)
    ODD_FILES[kind](world.folder / file)
    world.check(READERS[file], () if (file, kind) in TAKEN else (_shown(file),))


def _shown(file: str) -> str:
    return Path(file).name
