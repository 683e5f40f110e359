"""Measure LogiRE's speed and memory, step by step; print a Markdown table.

    python benchmarks/rules.py --documents DIR --logits DUMP     on a real corpus
    python benchmarks/rules.py --size docred                     on a generated corpus of DocRED's size
    python benchmarks/rules.py --growth                          documents, entities, relations, rules doubled in turn

Set OMP_NUM_THREADS=1 to measure one thread. Generated corpora have random facts and noisy logits: their times are
meaningful, their scores are not.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.dump import ScoredDocument, read_dump, scored
from logire.corpus.prepared import PreparedCorpus
from logire.rules import LogiRE, LogiREPlus, LogiRESettings
from logire.rules.extractor import Extractor
from logire.rules.grounding import Split
from logire.rules.logire.extraction import fit_extractor
from logire.rules.logire.fitting import fit_generator
from logire.rules.logire.generator import RuleGenerator, draw_rules
from logire.rules.logire.posterior import posterior
from logire.rules.maxproduct import Trie
from logire.rules.mining import mine
from logire.rules.queries import QueryTypes

T = TypeVar("T")


def generated(
    documents: int, entities: int, relations: int, seed: int, *, facts: int = 24, types: int = 6
) -> tuple[list[ScoredDocument], Schema]:
    """Documents with about ``entities`` entities and at most ``facts`` random facts, and a fair backbone's logits."""
    schema = Schema(tuple(f"r{i}" for i in range(relations)), tuple(f"t{i}" for i in range(types)))
    rng = np.random.default_rng(seed)
    # a relation joins two entity types; a few relations are much more frequent than the rest
    head_type, tail_type = rng.integers(0, types, relations), rng.integers(0, types, relations)
    share = 1.0 / (np.arange(relations) + 3.0)
    found = []
    for number in range(documents):
        n = max(3, int(rng.gamma(4.0, entities / 4.0)))
        kinds = rng.integers(0, types, n)
        picked = set()
        for r in rng.choice(relations, facts * 3, p=share / share.sum()):
            heads, tails = np.flatnonzero(kinds == head_type[r]), np.flatnonzero(kinds == tail_type[r])
            if len(heads) and len(tails):
                h, t = int(rng.choice(heads)), int(rng.choice(tails))
                if h != t:
                    picked.add((h, int(r), t))
        facts_here = tuple(Fact(h, schema.relations[r], t) for h, r, t in sorted(picked)[:facts])
        mentions = tuple(Entity((Mention(f"e{i}", 0, i, i + 1, schema.types[kind]),)) for i, kind in enumerate(kinds))
        document = Document(f"D{number}", (tuple(f"e{i}" for i in range(n)),), mentions, facts_here)
        labels = schema.labels(document)
        logits = rng.normal(-7.0, 2.0, labels.shape) + labels * rng.normal(8.0, 3.0, labels.shape)
        found.append(scored(document, logits.astype(np.float32), schema))
    return found, schema


def timed(action: Callable[[], T], repeat: int = 1) -> tuple[T, float]:
    """The result, and the CPU seconds of the fastest of ``repeat`` runs (this process has one thread)."""
    best = float("inf")
    for _ in range(repeat):
        started = time.process_time()
        result = action()
        best = min(best, time.process_time() - started)
    return result, best


def operations(split: Split, trie: Trie) -> int:
    """Multiply-and-max operations of grounding without pruning: heads x N x columns over prefixes longer than 1."""
    sizes = np.diff(split.atoms.type_start, axis=1)
    total = 0
    for node in np.flatnonzero(trie.depth > 1):
        for kind in np.flatnonzero(trie.head_types[node]):
            columns = split.atoms.sizes if trie.every_tail[node, kind] else sizes[:, trie.tail_types[node, kind]].sum(1)
            total += int((sizes[:, kind] * split.atoms.sizes * columns).sum())
    return total


def steps(train: Sequence[ScoredDocument], schema: Schema, settings: LogiRESettings) -> dict[str, float]:
    """Seconds of each step on one training split."""
    seconds: dict[str, float] = {}
    queries = QueryTypes.of(train, schema)
    table, seconds["rule mining"] = timed(lambda: mine(train, queries, settings.max_length))
    split, seconds["instances, probabilities"] = timed(lambda: Split.of(train, queries))
    torch.manual_seed(0)
    generator = RuleGenerator(len(schema.relations), len(schema.types), queries.triples, settings)
    _, seconds["generator, first fit"] = timed(
        lambda: fit_generator(
            generator,
            table,
            epochs=settings.generator_epochs,
            learning_rate=settings.generator_learning_rate,
            batch=settings.generator_batch,
            seed=1,
        )
    )
    rules, seconds["drawing rules"] = timed(lambda: draw_rules(generator, queries, settings, 1))
    split.ground(rules)  # compiles
    grounded, seconds["grounding"] = timed(lambda: split.ground(rules), repeat=3)
    few = LogiRESettings(extractor_epochs=1)
    fit_extractor(Extractor.zeros(rules), grounded, few, 1)  # compiles
    start = Extractor.zeros(rules)
    extractor, seconds["extractor, Adam"] = timed(lambda: fit_extractor(start, grounded, settings, 1))
    newton = LogiRESettings(optimizer="newton")
    _, seconds["extractor, Newton"] = timed(lambda: fit_extractor(start, grounded, newton, 1))
    posterior(extractor, grounded, settings, 1)  # compiles
    _, seconds["E-step"] = timed(lambda: posterior(extractor, grounded, settings, 1), 3)
    trie = Trie.of(rules, queries)
    seconds["# query types"] = len(queries)
    seconds["# rules"] = len(rules)
    seconds["# bodies"] = len(set(rules.bodies))
    seconds["# instances"] = len(split.instances)
    seconds["# features (million)"] = grounded.values.size / 1e6
    seconds["# multiply-max (billion)"] = operations(split, trie) / 1e9
    return seconds


def floor() -> float:
    """Billions of multiply-and-max operations per second that numpy does on one core, on arrays in cache."""
    a, out = np.random.default_rng(0).random((64, 64), dtype=np.float32), np.zeros((64, 64), dtype=np.float32)
    _, seconds = timed(lambda: [np.maximum(out, a * 0.5, out=out) for _ in range(2000)], repeat=3)
    return 2000 * a.size / seconds / 1e9


def show(columns: dict[str, dict[str, float]]) -> None:
    """Print a Markdown table with one column for each corpus."""
    names = list(dict.fromkeys(key for column in columns.values() for key in column))
    print("| step | " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for name in names:
        values = []
        for column in columns.values():
            value = column.get(name)
            if value is None:
                values.append("")
            elif name.startswith("#"):
                values.append(f"{value:,.0f}" if value >= 100 else f"{value:.2f}")
            else:
                values.append(f"{value:.2f} s")
        print(f"| {name.removeprefix('# ')} | " + " | ".join(values) + " |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MiB; numpy's own multiply-max: {floor():.1f} billion a second")


def whole(train: Sequence[ScoredDocument], dev: Sequence[ScoredDocument], schema: Schema) -> dict[str, float]:
    """Seconds of one fit of each method by its defaults: LogiRE's 10 iterations score dev in each."""
    models = {"LogiRE, 10 iterations": LogiRE(schema, seed=1, device="cpu"), "LogiRE+": LogiREPlus(schema, seed=1)}
    return {name: timed(lambda model=model: model.fit(train, dev))[1] for name, model in models.items()}


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--logits", type=Path)
    parser.add_argument("--size", choices=["dwie", "docred"])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--whole", action="store_true", help="also time whole fits of both methods")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = LogiRESettings()
    columns: dict[str, dict[str, float]] = {}
    if arguments.documents:
        corpus = PreparedCorpus.open(arguments.documents)
        train, dev = (read_dump(arguments.logits, corpus, split) for split in ("train", "dev"))
        columns[corpus.name] = steps(train, corpus.schema, settings)
        if arguments.whole:
            columns[corpus.name] |= whole(train, dev, corpus.schema)
    if arguments.size:
        count, entities, relations, facts = {"dwie": (602, 27, 65, 24), "docred": (3053, 19.5, 96, 12)}[arguments.size]
        train, schema = generated(count, entities, relations, 1, facts=facts)
        columns[f"generated, {arguments.size} size"] = steps(train, schema, settings)
        if arguments.whole:
            columns[f"generated, {arguments.size} size"] |= whole(train, train[:500], schema)
    if arguments.growth:
        small = LogiRESettings(generator_epochs=10)
        base = {"documents": 150, "entities": 20, "relations": 30}
        cases = {"base": (base, small)}
        cases |= {f"2 x {key}": (base | {key: 2 * base[key]}, small) for key in base}
        cases["2 x rules"] = (base, LogiRESettings(generator_epochs=10, rules_per_query=100))
        for name, (case, chosen) in cases.items():
            columns[name] = steps(*generated(**case, seed=1), chosen)
    show(columns)


if __name__ == "__main__":
    main()
