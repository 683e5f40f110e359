"""CPU time of :func:`logire.constraints.obey.obey` for one document: ``python benchmarks/constraints.py FILE``.

FILE is a file of constraints for DWIE's or DocRED's relations, such as those in ``src/logire/trial/data``. The document
is made up: its entities have random types; most facts fit the types and are forward in one order of the entities, a
tenth are noise, and scores are normal. ``--entities`` and ``--facts`` say how large it is.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from logire.constraints.declared import constraints, read_declarations
from logire.constraints.obey import obey
from logire.corpus.data import DATA
from logire.corpus.document import Schema


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--corpus", choices=["dwie", "docred"], default="dwie")
    parser.add_argument("--entities", type=int, default=600)
    parser.add_argument("--facts", type=int, default=4000)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    relations, types = (json.loads((DATA / f"{given.corpus}_{kind}2id.json").read_text()) for kind in ("rel", "ner"))
    schema = Schema(tuple(name for name in relations if name != "Na"), tuple(types))
    declared = constraints([read_declarations(given.file)], schema)
    n, rng = given.entities, np.random.default_rng(given.seed)
    kinds = rng.integers(0, len(schema.types), n)
    scores = np.full((n, n, len(schema.relations)), -8.0, dtype=np.float32)
    left = given.facts
    while left:
        h, t = rng.integers(0, n, 2)
        fitting = np.flatnonzero(declared.allowed[:, kinds[h], kinds[t]])
        noise = rng.random() < given.noise
        if h == t or not (noise or (h < t and len(fitting))):
            continue
        r = rng.integers(len(schema.relations)) if noise else rng.choice(fitting)
        scores[h, t, r] = rng.normal(2.0, 2.0)
        left -= 1
    seconds = []
    for _ in range(given.times):
        start = time.process_time()
        found = obey(scores, kinds, 0.0, declared)
        seconds.append(time.process_time() - start)
    held, removed = int(found.facts.sum()), sum(not change.added for change in found.changes)
    added = len(found.changes) - removed
    print(
        f"{n} entities, {int((scores >= 0).sum())} facts by score, {held} held, {removed} removed, {added} added, ",
        end="",
    )
    print(f"{found.unproved} unproved: {min(seconds):.2f} to {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
