"""Compact dumps: what is kept is the nearest half-precision number, no prediction changes, damage is named."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from corpus_builders import SCHEMA, document, random_logits
from safetensors import safe_open
from safetensors.numpy import save_file

from logire.corpus import compact
from logire.corpus.dump import read_dump, write_compact, write_dump
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.errors import InputError
from logire.rules.outoffold import read_out_of_fold

DOCUMENTS = {
    "train": [document("A", 3, [(0, "citizen_of", 1)]), document("B/1", 2, [(1, "in0", 0)])],
    "dev": [document("C", 2, [(0, "citizen_of", 1)])],
    "test": [document("D", 4), document("E", 1)],
}
FLOOR = -8.0

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    folder = tmp_path_factory.mktemp("compact") / "corpus"
    write_prepared(folder, DOCUMENTS, SCHEMA, name="tiny", synthetic=True)
    return PreparedCorpus.open(folder)


@pytest.fixture
def logits() -> dict[str, dict[str, Floats]]:
    return random_logits(DOCUMENTS, mean=-8, deviation=6)


def test_a_document_by_hand() -> None:
    """Above -8 off the diagonal: cells (0, 1, 0), (1, 0, 0) and (1, 0, 1); of the left out, (0, 1, 1) alone."""
    given = np.array([[[9, 9], [-7.5, -20]], [[0.1, 1.0], [9, 9]]], dtype=np.float32)
    parts = compact.pack(given, FLOOR)
    assert parts["cells"].tolist() == [2, 4, 5]
    assert parts["values"].tolist() == [-7.5, 0.0999755859375, 1.0]  # 0.1 is 0.0999755859375 in half precision
    assert parts["rest"].tolist() == [FLOOR, -20]
    assert parts["shape"].tolist() == [2, 2, 2]
    again = compact.unpack(parts)
    assert again[0, 1].tolist() == [-7.5, -20]
    assert again[1, 0].tolist() == [np.float32(0.0999755859375), 1.0]


def test_what_is_left_out_keeps_its_mean_probability() -> None:
    given = np.full((2, 3, 3, 1), 5, dtype=np.float32)[0]
    low = [-9.0, -10.0, -30.0]
    given[0, 1, 0], given[1, 0, 0], given[2, 1, 0] = low
    mean = sum(1 / (1 + math.exp(-value)) for value in low) / 3
    rest = float(compact.pack(given, FLOOR)["rest"][0])
    assert 1 / (1 + math.exp(-rest)) == pytest.approx(mean, rel=0.01)
    assert rest <= FLOOR


def test_the_threshold_parts_the_same_candidates_whatever_it_is() -> None:
    rng = np.random.default_rng(1)
    values = np.sort(rng.normal(-0.6, 0.002, 500).astype(np.float32))
    for theta in values[::25].tolist():
        half = compact.halved(values, theta).astype(np.float32)
        assert np.array_equal(half >= np.float32(theta), values >= np.float32(theta))
        assert (np.diff(half) >= 0).all(), "the order stays"
        assert np.abs(half - values).max() <= np.float32(2**-11), "no further than the next number of half precision"
    assert not np.array_equal(compact.halved(values).astype(np.float32) >= values[250], values >= values[250])


def test_a_dump_reads_back_above_the_floor_to_half_precision_exactly(
    tmp_path: Path, corpus: PreparedCorpus, logits: dict[str, dict[str, Floats]]
) -> None:
    write_dump(tmp_path / "full.safetensors", logits)
    write_compact(tmp_path / "small.safetensors", tmp_path / "full.safetensors", floor=FLOOR, theta=-3.0)
    for split in DOCUMENTS:
        full = read_dump(tmp_path / "full.safetensors", corpus, split)
        for one, other in zip(full, read_dump(tmp_path / "small.safetensors", corpus, split), strict=True):
            high = one.logits > FLOOR
            assert np.array_equal(high, other.logits > FLOOR)
            assert np.array_equal(other.logits[high], compact.halved(one.logits[high], -3.0).astype(np.float32))
            assert np.array_equal(one.logits >= -3.0, other.logits >= -3.0)
            assert np.array_equal(one.labels, other.labels)


def test_the_same_dump_gives_the_same_bytes_and_a_fold_is_read_as_a_fold(
    tmp_path: Path, corpus: PreparedCorpus, logits: dict[str, dict[str, Floats]]
) -> None:
    write_dump(tmp_path / "fold.safetensors", {"train": logits["train"]})
    for name in ("a", "b"):
        write_compact(tmp_path / name, tmp_path / "fold.safetensors", floor=FLOOR)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found, full = read_out_of_fold([tmp_path / "a"], corpus), read_out_of_fold([tmp_path / "fold.safetensors"], corpus)
    assert [np.count_nonzero(d.logits > FLOOR) for d in found] == [np.count_nonzero(d.logits > FLOOR) for d in full]


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("cells", np.array([99], np.uint32), "do not fit the shape"),
        ("cells", None, "a cell lies outside"),
        ("shape", np.array([2, 3, 2], np.int32), "the shape is not N, N, R"),
        ("shape", np.array([-2, -2, 2], np.int32), "the shape is not N, N, R"),
        ("shape", np.array([2**15, 2**15, 2], np.int32), "take more than"),
        ("rest", np.zeros(3, np.float16), "do not fit the shape"),
    ],
)
def test_parts_that_do_not_belong_together(
    tmp_path: Path,
    corpus: PreparedCorpus,
    part: str,
    value: npt.NDArray[np.generic] | None,
    problem: str,
) -> None:
    parts = compact.pack(np.zeros((2, 2, 2), np.float32), FLOOR)
    parts[part] = np.full_like(parts[part], 8) if value is None else value
    file = tmp_path / "d.safetensors"
    save_file({f"dev/C/{name}": array for name, array in parts.items()}, file, metadata={"format": compact.FORMAT})
    with pytest.raises(InputError) as caught:
        read_dump(file, corpus, "dev")
    assert (caught.value.file, caught.value.document, caught.value.field) == (str(file), "C", "logits")
    assert problem in str(caught.value)


def test_a_part_that_is_missing_and_a_dump_of_another_shape(tmp_path: Path, corpus: PreparedCorpus) -> None:
    parts = compact.pack(np.zeros((2, 2, 2), np.float32), FLOOR)
    del parts["rest"]
    file = tmp_path / "d.safetensors"
    save_file({f"dev/C/{name}": array for name, array in parts.items()}, file, metadata={"format": compact.FORMAT})
    with pytest.raises(InputError, match="is damaged"):
        read_dump(file, corpus, "dev")
    write_dump(file, {"dev": {"C": np.zeros((2, 3, 2), np.float32)}})
    with pytest.raises(InputError, match=r"document dev/C, field logits: logits of shape \(2, 3, 2\)"):
        write_compact(tmp_path / "small", file, floor=FLOOR)


def test_a_compact_dump_is_much_smaller(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    write_dump(tmp_path / "full", {"test": {"D": rng.normal(-20, 5, (40, 40, 65)).astype(np.float32)}})
    write_compact(tmp_path / "small", tmp_path / "full", floor=FLOOR)
    assert (tmp_path / "small").stat().st_size < (tmp_path / "full").stat().st_size / 50
    with safe_open(tmp_path / "small", framework="numpy") as file:
        assert file.metadata() == {"format": compact.FORMAT}
