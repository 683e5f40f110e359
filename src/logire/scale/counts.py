"""What one pass over a shard's labels counts. Counts of shards add up to those of the whole set, to the last fact.

A shard alone does not know all query types, so everything is counted for a (relation, head type, tail type).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from logire.corpus.document import IntArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError
from logire.ground.files import atomic
from logire.rules.mining import count_open, count_paths, highest, most_open
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import rule_set
from logire.rules.queries import Body, QueryTypes, RuleSet
from logire.rules.trusted import Mined
from logire.scale.arrays import Stored
from logire.scale.tally import Tally

FORMAT = "logire-counts-1"
_OPEN = 2
"""Atoms of an open body."""


@dataclass(frozen=True)
class Counts:
    """Counts of documents' labels.

    Attributes:
        length: atoms of the longest path that was counted.
        sizes: (3,) documents, relations, types.
        pairs: (T, T) pairs of different entities of these types: the candidates of each relation between them.
        facts: (relation, head type, tail type) -> facts h != t.
        paths: the same and a body, filled up with -1 -> facts that a label path of this body joins.
        opened: the same and an open body -> facts that it holds for.
    """

    length: int
    sizes: tuple[int, int, int]
    pairs: IntArray
    facts: Tally
    paths: Tally
    opened: Tally

    @classmethod
    def of(cls, documents: Sequence[ScoredDocument], schema: Schema, length: int) -> Counts:
        """Count, with paths of at most ``length`` atoms."""
        relations, types = len(schema.relations), len(schema.types)
        pairs = np.zeros((types, types), dtype=np.int64)
        seen: list[IntArray] = [np.zeros((0, 3), dtype=np.int64)]
        for document in documents:
            entities = np.bincount(document.types, minlength=types)
            pairs += np.outer(entities, entities) - np.diag(entities)
            head, tail, relation = np.nonzero(document.labels)
            apart = head != tail
            kinds = document.types[head], document.types[tail]
            seen.append(np.stack([relation, *kinds], axis=1)[apart])
        every = np.concatenate(seen)
        facts = Tally.of(every, np.ones(len(every), dtype=np.int64))
        triples = facts.keys.astype(np.int64)
        queries = QueryTypes.from_triples(triples, schema)
        return cls(
            length=length,
            sizes=(len(documents), relations, types),
            pairs=pairs,
            facts=facts,
            paths=Tally.of_bodies(triples, count_paths(documents, queries, length), length),
            opened=Tally.of_bodies(triples, count_open(documents, queries), _OPEN),
        )

    def write(self, file: Path) -> None:
        """Write a file that :meth:`read` reads, atomically."""
        arrays = {"pairs": self.pairs, "sizes": np.array([self.length, *self.sizes], dtype=np.int64)}
        for name in ("facts", "paths", "opened"):
            tally: Tally = getattr(self, name)
            arrays |= {f"{name}/keys": np.ascontiguousarray(tally.keys), f"{name}/counts": tally.counts}
        with atomic(file) as temporary:
            save_file(arrays, temporary, metadata={"format": FORMAT})

    @classmethod
    def read(cls, file: Path, schema: Schema) -> Counts:
        """Read what :meth:`write` wrote.

        Raises:
            InputError: the file is missing or damaged, or counts of other relations or types.
        """
        with Stored.open(file, FORMAT) as stored:
            length, documents, relations, types = stored.array("sizes", np.int64, 4).tolist()
            if (relations, types) != (len(schema.relations), len(schema.types)) or length < 1:
                raise stored.wrong("sizes", f"counts of {relations} relations and {types} types, or no paths")

            def tally(name: str, width: int) -> Tally:
                keys = stored.array(f"{name}/keys", np.int32, -1, 3 + width)
                counts = stored.array(f"{name}/counts", np.int64, len(keys))
                found = Tally.of(keys, counts)
                limits = np.array([relations, types, types] + [2 * relations + 1] * width)
                least = np.array([0, 0, 0] + [-1] * width)
                if ((keys < least) | (keys >= limits)).any() or (counts < 1).any() or len(found.keys) != len(keys):
                    raise stored.wrong(name, "a key is outside the schema or occurs twice, or was never counted")
                return found

            pairs = stored.array("pairs", np.int64, types, types)
            parts = tally("facts", 0), tally("paths", length), tally("opened", _OPEN)
        return cls(length, (documents, relations, types), pairs, *parts)

    def queries(self, schema: Schema) -> QueryTypes:
        """The query types of the facts.

        Raises:
            InputError: there is no fact.
        """
        if not len(self.facts.keys):
            raise InputError(
                f"no labelled fact in the {self.sizes[0]} training documents", remedy="rules are learnt from facts"
            )
        return QueryTypes.from_triples(self.facts.keys.astype(np.int64), schema)

    def candidates(self, queries: QueryTypes) -> IntArray:
        """(Q,) the candidates of each query type."""
        return self.pairs[queries.triples[:, 1], queries.triples[:, 2]]

    def rules(self, queries: QueryTypes, settings: LogiREPlusSettings) -> RuleSet:
        """The rules that :func:`logire.rules.plus.sources.find_rules` finds in the documents themselves."""
        found: list[dict[Body, int]] = [{} for _ in queries.triples]
        if settings.rules_per_query:
            mined = self.paths.bodies(queries.triples, settings.max_length)
            found = [highest([bodies], [bodies], settings.rules_per_query)[0] for bodies in mined]
        opened: list[dict[Body, int]] = []
        if settings.open_rules:
            counted = [Counter(bodies) for bodies in self.opened.bodies(queries.triples, _OPEN)]
            opened = most_open(counted, queries, settings.open_rules)
        return rule_set(found, opened, queries, tied=settings.tied)

    def trusted(self, queries: QueryTypes, settings: LogiREPlusSettings) -> RuleSet:
        """The rules that a closure chooses from: those of :class:`logire.rules.trusted.Mined`."""
        counted = [Counter(bodies) for bodies in self.paths.bodies(queries.triples, settings.closure_length)]
        return Mined.bodies(counted, queries, settings.closure_support)


def gather(counts: Iterable[Counts]) -> Counts:
    """The counts of all documents together, of at least one shard's.

    Raises:
        InputError: the counts are of different schemas, or of paths of different lengths.
    """
    parts = list(counts)
    first = parts[0]
    if any((one.length, one.sizes[1:]) != (first.length, first.sizes[1:]) for one in parts):
        raise InputError("counts of different schemas or lengths do not add up", remedy="count all shards alike")
    return Counts(
        length=first.length,
        sizes=(sum(one.sizes[0] for one in parts), *first.sizes[1:]),
        pairs=np.sum([one.pairs for one in parts], axis=0),
        facts=Tally.total(one.facts for one in parts),
        paths=Tally.total(one.paths for one in parts),
        opened=Tally.total(one.opened for one in parts),
    )


def check_settings(settings: LogiREPlusSettings) -> None:
    """See that a fit with these settings can be put together from shards.

    Raises:
        InputError: one of them needs all documents at once; the message names it.
    """
    wrong = None
    if settings.rules != "frequent":
        wrong = "rules", f"`{settings.rules}` bodies do not follow from counts that add up", "`frequent`"
    elif settings.calibrate:
        wrong = "calibrate", "Platt's fit reads every candidate at once", "false"
    elif settings.consistency:
        wrong = "consistency", "denials are mined from all documents at once", "[]"
    elif any(settings.unseen):
        wrong = "unseen", "the logits of a shard would change with the types of all others", "[0]"
    if wrong:
        field, why, remedy = wrong
        raise InputError(f"cannot be used shard by shard: {why}", field=f"logire_plus.{field}", remedy=f"use {remedy}")
