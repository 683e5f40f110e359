"""Words that are no sensible command, and small text files that are not what they should be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hostile_world import World, write

TRAIN = "train cnn --documents corpus --out new"
FIT = "fit --documents corpus --logits logits.safetensors --out new"
EVALUATE = "evaluate gold.json --documents corpus"
LONG = "a" * 5_000
DEEP = '{"a":' * 100_000

REFUSED: list[tuple[str, Sequence[str]]] = [
    ("rules run --relation nonsense", ["unknown relation 'nonsense'"]),
    ("explain run --document nobody", ["document nobody", "no such document"]),
    ("explain run --document EMB_0017 --relation nonsense", ["unknown relation 'nonsense'"]),
    ("predict run --out x.json", ["--out", "--split test"]),
    ("predict run --split test --out corpus", ["corpus: is a folder"]),
    ("predict run --split test --out gold.json/x", ["gold.json"]),
    (f"predict run --split test --out {LONG}", ["name too long"]),
    ("predict nowhere", ["nowhere/run.json: does not exist", "logire fit"]),
    ("predict gold.json", ["gold.json/run.json"]),
    ("predict corpus", ["corpus/run.json: does not exist"]),
    ("rules corpus", ["corpus/run.json: does not exist"]),
    ("evaluate nowhere --documents corpus", ["nowhere: does not exist"]),
    ("evaluate gold.json --documents run", ["test.json: does not exist"]),
    ("evaluate corpus --documents corpus", ["predictions-dev.json: does not exist"]),
    (f"evaluate gold.json --documents {LONG}", ["name too long"]),
    (f"{EVALUATE} --split train", ["EMB_0017", "no such document in this split"]),
    (f"{EVALUATE} --distances ,", ["--distances", "whole numbers"]),
    (f"{EVALUATE} --distances 1e3", ["--distances", "whole numbers"]),
    (f"{EVALUATE} --distances 0", ["rising numbers"]),
    (f"{EVALUATE} --distances -5", ["rising numbers"]),
    (f"{EVALUATE} --distances 100,50", ["rising numbers"]),
    (f"{EVALUATE} --distances 100,100", ["rising numbers"]),
    (f"{EVALUATE} --distances {'9' * 30}", ["rising numbers"]),
    (f"{EVALUATE} --out corpus", ["corpus: is a folder"]),
    (f"{EVALUATE} --out gold.json/x", ["cannot be written"]),
    (f"{EVALUATE} --gold-rules nowhere", ["nowhere: does not exist"]),
    ("compare nowhere", ["nowhere/run.json: does not exist", "logire fit"]),
    ("compare gold.json", ["gold.json: is a file", "logire compare BASE OURS"]),
    ("compare run nowhere", ["nowhere: does not exist"]),
    ("compare gold.json rules.txt --documents corpus", ["rules.txt"]),
    ("compare run corpus", ["corpus/predictions-test.json: does not exist", "logire predict"]),
    ("compare run --distances 100,50", ["rising numbers"]),
    ("compare run --gold-rules gold.json", ["gold.json", "is not a rule"]),
    ("compare run --documents nowhere", ["nowhere: is not a folder"]),
    ("threshold nowhere --documents corpus", ["nowhere: does not exist"]),
    ("threshold gold.json --documents corpus", ["gold.json"]),
    ("threshold logits.safetensors --documents corpus --out corpus", ["corpus: is a folder"]),
    ("provenance nowhere", ["nowhere: does not exist"]),
    ("provenance gold.json", ["no run.json"]),
    ("provenance run --metric nonsense", ["metric: 'nonsense' is not a metric", "ign_f1"]),
    ("report nowhere --out report", ["nowhere"]),
    ("report run --out gold.json --documents corpus", ["gold.json"]),
    ("report run --out report --only nonsense --documents corpus", ["nonsense"]),
    ("report run run --out report --documents corpus", ["run"]),
    ("settings nonsense", ["'nonsense' has no settings", "bilstm"]),
    ("train nonsense --documents corpus --out new", ["unknown backbone 'nonsense'"]),
    ("train cnn --documents nowhere --out new", ["nowhere: is not a folder"]),
    ("train cnn --documents corpus --out gold.json", ["gold.json: cannot be used"]),
    (f"{TRAIN} --fold ²/3", ["'²/3' is not a fold"]),
    (f"{TRAIN} --fold 0/3", ["0/3 is not a fold"]),
    (f"{TRAIN} --fold 4/3", ["4/3 is not a fold"]),
    (f"{TRAIN} --fold 1/1", ["1/1 is not a fold"]),
    (f"{TRAIN} --fold 1", ["'1' is not a fold"]),
    (f"{TRAIN} --fold 1/1000", ["12 training documents can't make 1000 folds"]),
    (f"{TRAIN} --fold 1/{10**20}", ["12 training documents can't make"]),
    *((f"{TRAIN} --device {name}", [f"{name!r} is not a device"]) for name in ("meta", "abacus", "cpu;ls", "cuda:-1")),
    (f"{TRAIN} --device cuda:999", ["'cuda:999' is not usable here"]),
    (f"{TRAIN} --settings nowhere.yaml", ["nowhere.yaml: does not exist"]),
    (f"{TRAIN} --settings corpus", ["corpus: is a folder"]),
    (f"{TRAIN} --settings {LONG}", ["name too long"]),
    (f"{TRAIN} --settings {{", ["--settings: is not JSON"]),
    (f"{TRAIN} --settings {DEEP}", ["--settings: is not JSON"]),
    (f'{TRAIN} --settings {{"epochs":1,"epochs":2}}', ["epochs: the key occurs twice"]),
    (f'{TRAIN} --settings {{"epoch":1}}', ["cnn.epoch: there is no such setting", "epochs"]),
    *(
        (f'{TRAIN} --settings {{"epochs":{value}}}', ["field cnn.epochs"])
        for value in ("0", "-1", "1.0", "true", '"1"', "null", "NaN", "[]")
    ),
    (f'{TRAIN} --settings {{"learning_rate":1e999}}', ["cnn.learning_rate"]),
    (f'{TRAIN} --settings {{"vectors":"nowhere.txt"}}', ["nowhere.txt: does not exist"]),
    (f'{TRAIN} --settings {{"vectors":"gold.json"}}', ["gold.json"]),
    (f"{FIT} --method nonsense", ["nonsense", "logire_plus"]),
    (f"{FIT} --method backbone", ["backbone", "logire_plus"]),
    (f'{FIT} --settings {{"x":1}}', ["logire.x: there is no such setting"]),
    (f'{FIT} --settings {{"iterations":0}}', ["logire.iterations"]),
    (f"{FIT} --device meta", ["'meta' is not a device"]),
    (f"{FIT} --variant ../x", ["--variant"]),
    (f"{FIT} --out-of-fold nowhere", ["nowhere: does not exist", "--fold 1/3"]),
    (f"{FIT} --out-of-fold corpus", ["corpus: is a folder"]),
    (f"{FIT} --out-of-fold gold.json", ["gold.json: is damaged"]),
    ("fit --documents nowhere --logits logits.safetensors --out new", ["nowhere: is not a folder"]),
    ("fit --documents corpus --logits logits.safetensors --out gold.json", ["gold.json: cannot be used"]),
    ("fit --documents corpus --logits run/model.safetensors --out new", ["12 documents have no logits"]),
    *(
        (f"fit --documents corpus --logits {name} --out new", [f"{name}: {words}"])
        for name, words in (("nowhere", "does not exist"), ("corpus", "is a folder"), ("gold.json", "is damaged"))
    ),
    *(
        (f"fetch dwie --out new/x --base-url {address}", ["field --base-url", "http"])
        for address in ("file:///etc", "ftp://127.0.0.1", "nonsense", "data:,x", "HTTP:/x", "http://")
    ),
    ("prepare dwie --raw nowhere --out out", ["nowhere: does not exist"]),
    ("prepare dwie --raw run --split split.json --out out", ["metrics-dev.json, field id: is missing"]),
    ("prepare dwie --raw gold.json --split split.json --out out", ["gold.json"]),
    ("prepare dwie --raw raw.jsonl --out out", ["documents of the split are not there"]),
    ("prepare dwie --raw raw.jsonl --split nowhere --out out", ["nowhere: does not exist"]),
    ("prepare dwie --raw raw.jsonl --split gold.json --out out", ["gold.json"]),
    ("prepare dwie --raw raw.jsonl --split split.json --out gold.json", ["cannot be written"]),
    ("prepare docred --raw nowhere --out out", ["nowhere: is not a folder"]),
    ("prepare docred --raw run --out out", ["no file for the train split"]),
    ("prepare docred-partial --raw corpus --out out", ["rel2id"]),
    *(
        (f"prepare embedded --out out --documents {numbers}", ["embedded.documents"])
        for numbers in ("0 1 1", "-1 1 1", "100000000 1 1")
    ),
    ("prepare embedded --out out --seed -1", ["embedded.seed"]),
]


@pytest.mark.parametrize(("command", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_command_that_cannot_be_carried_out(world: World, command: str, words: Sequence[str]) -> None:
    before = set(world.folder.rglob("*"))
    world.check(command, words)
    assert set(world.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "command",
    [
        "rules run --top -5",
        "explain run --document EMB_0017 --top -1",
        "explain run --document EMB_0017 --split x",
        f"{TRAIN} --seed -1",
        f"{FIT} --seed {2**32}",
        "prepare embedded --out out --documents 1 1",
        "prepare nonsense --out out",
        "fetch nonsense --out x",
        "nonsense",
        "evaluate",
    ],
)
def test_words_that_are_not_a_command_exit_with_2(world: World, command: str) -> None:
    code, said = world.run(command)
    assert code == 2
    assert "Error" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a <- b <- c", ["line 1: 'a <- b <- c' is not a rule"]),
        ("# a comment\n\na <- ~~b", ["line 3: 'a <- ~~b' is not a rule"]),
        ("a <-", ["'a <-' is not a rule"]),
        ("<- a", ["'<- a' is not a rule"]),
        ("a", ["'a' is not a rule", "head <- atom ^ ~inverse_atom"]),
        ("a <- b ^", ["is not a rule"]),
        ("a <- b ^^ c", ["is not a rule"]),
        ("~a <- b", ["'~a <- b' is not a rule"]),
        ("a <- any", ["'a <- any' is not a rule"]),
        ("a <- #b", ["is not a rule"]),
        ("a <- b\ra <- c", ["is not a rule"]),
        ("a <- b\n\x00", ["line 2"]),
        ("", ["rules.txt: holds no rule"]),
        ("# a comment", ["rules.txt: holds no rule"]),
        ("a <- b\nÿ".encode("latin-1"), ["line 2: is not UTF-8"]),
        ("a <- b ^ ~c", []),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_rules_written_by_hand(world: World, text: str | bytes, words: Sequence[str]) -> None:
    write(world.folder / "rules.txt", text if isinstance(text, bytes) else text.encode())
    world.check(f"{EVALUATE} --gold-rules rules.txt", words)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs: [", ["s.yaml, line 1: cannot be read", "expected the node content"]),
        ("\tepochs: 1", ["cannot be read"]),
        ("epochs: \x00", ["cannot be read"]),
        ("epochs: *nowhere", ["undefined alias"]),
        ("&a [*a]", ["nested too deeply"]),
        ("!!python/object/apply:os.system ['touch made']", ["cannot be read"]),
        ("text", ["a mapping of settings was expected"]),
        ("- 1", ["a mapping of settings was expected"]),
        ("1: 2", ["a mapping of settings was expected"]),
        ("epochs: 1\nepochs: 2", ["s.yaml, line 2, field epochs: the key occurs twice"]),
        (BOMB, ["its aliases unfold to more than 100,000 values"]),
        ("epochs: .inf", ["cnn.epochs"]),
        ("epochs: 2001-01-01", ["cnn.epochs"]),
        ("epochs: 1.0", ["cnn.epochs"]),
        ("epochs: yes", ["cnn.epochs"]),
        (b"\xff\xfe", ["line 1: is not UTF-8"]),
        ("#" * 2**21, ["holds more than 65,536 bytes"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_files_of_settings(world: World, text: str | bytes, words: Sequence[str]) -> None:
    write(world.folder / "s.yaml", text if isinstance(text, bytes) else text.encode())
    world.check(f"{TRAIN} --settings s.yaml", words)
    assert not (world.folder / "made").exists()
