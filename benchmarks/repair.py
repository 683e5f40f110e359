"""CPU time of ``repair`` for one document: ``python benchmarks/repair.py RUN [--entities 20] [--constraints FILE]``.

RUN is a folder that LogiRE+ was fitted into, or a model's. The facts are made up: three for each entity, with the
relations and entity types that the model knows. The text is one sentence.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from logire import LogiREPlus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--entities", type=int, default=20)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--constraints")
    given = parser.parse_args()
    model = LogiREPlus.load(given.run)
    schema, n, rng = model.model.schema, given.entities, np.random.default_rng(1)
    known = model.model.fitted.queries.triples
    kinds = [schema.types[known[int(rng.integers(len(known))), 1]] for _ in range(n)]
    vertices = [[{"name": f"e{i}", "sent_id": 0, "pos": [i, i + 1], "type": kind}] for i, kind in enumerate(kinds)]
    text = {"sents": [[f"e{i}" for i in range(n)]], "vertexSet": vertices}
    facts: dict[tuple[int, str, int], float] = {}
    while len(facts) < 3 * n:
        h, t = rng.integers(0, n, 2)
        if h != t:
            facts[int(h), schema.relations[int(rng.integers(len(schema.relations)))], int(t)] = float(rng.random())
    rows = [(*fact, score) for fact, score in facts.items()]
    seconds, found = [], 0
    for _ in range(given.times + 1):
        start = time.process_time()
        found = len(model.repair(rows, text=text, constraints=given.constraints))
        seconds.append(time.process_time() - start)
    first, *rest = sorted(seconds[1:])
    print(f"{n} entities, {len(rows)} facts given, {found} kept, {len(schema.relations)} relations, ", end="")
    print(f"{len(model.rules())} rules: median {1000 * float(np.median([first, *rest])):.1f} ms, ", end="")
    print(f"fastest {1000 * first:.1f}, slowest {1000 * rest[-1]:.1f}; the first call {seconds[0]:.1f} s")


if __name__ == "__main__":
    main()
