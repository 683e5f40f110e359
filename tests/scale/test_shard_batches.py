"""Batches of documents in parts: each document once, each part once, and one part as the documents in memory."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from logire.backbones.training.batches import InMemory, PartByPart


class Lengths:
    """Instead of a model: what it makes of a document is the document."""

    def encode(self, document: Any) -> Any:
        return document


class Sized:
    def __init__(self, title: int, length: int) -> None:
        self.title, self.length = title, length


class Lists:
    """Documents in lists; counts how many parts are read."""

    def __init__(self, parts: list[list[Sized]]) -> None:
        self.parts = parts
        self.read_parts: list[int] = []

    @property
    def sizes(self) -> list[int]:
        return [len(part) for part in self.parts]

    def read(self, number: int) -> list[Sized]:
        self.read_parts.append(number)
        return self.parts[number]


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), batch=st.integers(1, 4), epoch=st.integers(0, 3))
def test_an_epoch_gives_each_document_once_and_reads_each_part_once(sizes: list[int], batch: int, epoch: int) -> None:
    parts, count = [], 0
    for size in sizes:
        parts.append([Sized(k, 1 + k * 7 % 5) for k in range(count, count + size)])
        count += size
    lists = Lists(parts)
    source = PartByPart(Lengths(), lists)  # type: ignore[arg-type]
    found = [[d.title for d in one] for one in source.epoch(epoch, batch, 1)]
    assert sorted(title for one in found for title in one) == list(range(count)) == list(range(len(source)))
    assert len(found) == source.batches(batch)
    assert sorted(lists.read_parts) == list(range(len(sizes)))
    again = [[d.title for d in one] for one in source.epoch(epoch, batch, 1)]
    assert again == found
    # One part after the other: no batch has documents of two.
    part_of = {d.title: k for k, part in enumerate(parts) for d in part}
    assert all(len({part_of[title] for title in one}) == 1 for one in found)
    if len(parts) == 1:
        memory = InMemory(Lengths(), parts[0])  # type: ignore[arg-type]
        assert [[d.title for d in one] for one in memory.epoch(epoch, batch, 1)] == found
        assert memory.batches(batch) == source.batches(batch)


def test_epochs_have_orders_of_their_own() -> None:
    lists = Lists([[Sized(k, 1)] for k in range(40)])
    source = PartByPart(Lengths(), lists)  # type: ignore[arg-type]
    orders = [tuple(one[0].title for one in source.epoch(n, 1, seed)) for n, seed in ((0, 1), (1, 1), (0, 2))]
    assert len(set(orders)) == 3
