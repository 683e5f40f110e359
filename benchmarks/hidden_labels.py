"""A prepared corpus with a share of its training labels hidden, to measure what finds them again (docs/audit.md).

    python benchmarks/hidden_labels.py results/dwie/corpus hidden --share 0.2 --seed 1

Each training fact is hidden with the same probability, independently; dev and test stay as they are.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from logire.corpus.document import Document
from logire.corpus.prepared import SPLITS, PreparedCorpus, write_prepared
from logire.ground.runtime import derive_seed


def hidden(document: Document, share: float, seed: int) -> Document:
    """The document without the facts that chance hides; which ones follows from seed and title alone."""
    drawn = np.random.default_rng(derive_seed(seed, "hidden", document.title)).random(len(document.facts))
    kept = (fact for fact, chance in zip(document.facts, drawn, strict=True) if chance >= share)
    return replace(document, facts=tuple(kept))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path, help="what `logire prepare` wrote")
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.2, help="of the training labels, on average")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 0 < options.share < 1:
        parser.error(f"--share {options.share:g} is not between 0 and 1")
    corpus = PreparedCorpus.open(options.documents)
    splits = {split: list(corpus.documents(split)) for split in SPLITS}
    before = sum(len(document.facts) for document in splits["train"])
    splits["train"] = [hidden(document, options.share, options.seed) for document in splits["train"]]
    after = sum(len(document.facts) for document in splits["train"])
    write_prepared(options.out, splits, corpus.schema, name=corpus.name, synthetic=corpus.synthetic)
    print(f"{before:,} training labels, {before - after:,} hidden: {options.out}")


if __name__ == "__main__":
    main()
