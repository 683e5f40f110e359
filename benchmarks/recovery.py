"""Are the rules that the embedded corpus was made with found again? Prints a Markdown table.

    python benchmarks/recovery.py results/embedded/runs/logire_plus/*/seed*

Of each kind of planted rule (its length, and whether it is certain), over all runs: how many there are with at least 15
labelled training pairs that they join; how many of these have a positive weight; how many are among the m + 2 strongest
closed rules of their query type, m being the planted ones there (others may say the same with other relations); and the
median of their places.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from statistics import median

import pandas as pd

from logire.corpus.gold import Kind
from logire.corpus.runfolder import RULES
from logire.corpus.sources.embedded.rules import PLANTED_RULES, PlantedRule

SUPPORT = 15
SPARE = 2

Key = tuple[int, bool]
"""Length of the body, and whether the rule is certain."""


def key_of(rule: PlantedRule) -> Key:
    return len(rule.body), rule.confidence == 1.0


def places(table: pd.DataFrame) -> dict[PlantedRule, tuple[int, float]]:
    """Of each planted rule with support its place among the closed rules of its query type, from 1, and its weight."""
    closed = table.kind.isin((Kind.PAIR, Kind.CHAIN))
    found: dict[PlantedRule, tuple[int, float]] = {}
    for (relation, head, tail), rows in table[closed].groupby(["relation", "head_type", "tail_type"]):
        ordered = rows.sort_values("weight", ascending=False, kind="stable").reset_index(drop=True)
        for place, row in ordered.iterrows():
            body = tuple(row.body.split(" ^ "))
            for rule in PLANTED_RULES:
                if rule[:4] == (relation, head, tail, body) and row.support >= SUPPORT:
                    found[rule] = int(place) + 1, float(row.weight)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="+", help="runs of LogiRE or LogiRE+ on the embedded corpus")
    options = parser.parse_args()
    number: Counter[Key] = Counter()
    positive: Counter[Key] = Counter()
    strongest: Counter[Key] = Counter()
    place_of: dict[Key, list[int]] = {}
    for run in options.run:
        found = places(pd.read_csv(run / RULES, keep_default_na=False))
        together = Counter((rule.relation, rule.head_type, rule.tail_type) for rule in found)
        for rule, (place, weight) in found.items():
            key = key_of(rule)
            number[key] += 1
            positive[key] += weight > 0
            strongest[key] += place <= together[rule.relation, rule.head_type, rule.tail_type] + SPARE
            place_of.setdefault(key, []).append(place)
    print("| atoms | certain | planted, with support | positive weight | among the strongest | median place |")
    print("|---:|---|---:|---:|---:|---:|")
    for key in sorted(number):
        atoms, certain = key
        cells = (number[key], positive[key], strongest[key], f"{median(place_of[key]):g}")
        print("| " + " | ".join(map(str, (atoms, "yes" if certain else "no", *cells))) + " |")


if __name__ == "__main__":
    main()
