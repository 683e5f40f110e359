"""Write the tables of README.md, of the reference's own README.md and of docs/trial.md from kept tables.

    python reference/readme.py [reference/dwie]

Each stands between ``<!-- NAME: ... -->`` and ``<!-- end -->``: ``measured`` is Table 2 with p for the gain in test F1
and how long the fastest run took; ``causes`` is F1 on dev and test of every row, the paper's first, and of those that
differ in one setting; ``gains``, in the reference's own, is what the parts of LogiRE+ gain. In docs/trial.md ``trial
CORPUS`` is what each method gains there, ``all trials`` and ``all trials by backbone`` compare corpora. What the
README's prose says in numbers is checked: a phrase that no longer follows from the tables is named, and the exit code
is 1.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from math import floor
from pathlib import Path

from trialtables import Row, markdown, rows_of, trials
from trialtables import claims as trial_claims

from logire.ground.numbers import signed
from logire.reporting.names import BACKBONE, Names

ROOT = Path(__file__).parents[1]
TRIALS = ROOT / "reference" / "trial"
SHOWN = (("dev", "f1"), ("test", "f1"), ("test", "ign_f1"), ("test", "logic"))
"""The columns of the measured table: split and metric."""
WORDS = ("no", "one", "two", "three", "four", "five", "all six")

Scores = dict[tuple[str, str], Row]
"""What a row of Table 2 measured, by split and metric."""


def measured(reference: Path) -> str:
    """Table 2 without the variants, p for the gain in test F1, and how long the fastest run took."""
    timed = rows_of(reference / "tables" / "minutes.csv")
    minutes = {(row["run"], row["backbone"]): tenths(row["least_minutes"]) for row in timed}
    found = {(backbone, method): of for (backbone, method, variant), of in table2(reference).items() if not variant}
    lines = []
    for (backbone, method), scores in found.items():
        shown = {key: score(scores[key]) for key in SHOWN}
        if f1(scores) == max(f1(of) for (name, _), of in found.items() if name == backbone):
            shown["test", "f1"] = f"**{shown['test', 'f1']}**"
        time = minutes[method, backbone]
        if method == BACKBONE:
            time += f"; a fold {minutes['fold', backbone]}"
        p = "" if method == BACKBONE else p_value(scores["test", "f1"]["p"])
        lines.append([Names.of(backbone, method).label, *shown.values(), p, time])
    return markdown(["", "F1, dev", "F1, test", "ign F1, test", "logic, test", "p", "minutes"], lines)


def causes(reference: Path) -> str:
    """F1 on dev and test by row and backbone: the paper's, the methods, and the variants that every backbone has."""
    found = table2(reference)
    backbones = list(dict.fromkeys(backbone for backbone, _, _ in found))
    rows = list(dict.fromkeys((method, variant) for _, method, variant in found))
    compared = rows_of(reference / "tables" / "table2_paper.csv")
    theirs = {
        (row["method"], row["backbone"], row["split"]): f"{float(row['paper']):.2f}"
        for row in compared
        if row["metric"] == "f1"
    }
    lines = [
        [f"{called(by)}, the paper's", *(f"{theirs[by, on, 'dev']} / {theirs[by, on, 'test']}" for on in backbones)]
        for by in dict.fromkeys(method for method, _, _ in theirs)
    ]
    for method, variant in rows:
        cells = [found.get((backbone, method, variant)) for backbone in backbones]
        if all(cells):
            label = called(method) + (f", {variant.replace('_', ' ')}" if variant else "")
            lines.append([label, *(f"{f1(of, 'dev'):.2f} / {f1(of):.2f}" for of in cells if of)])
    seeds = [found[backbone, BACKBONE, ""]["test", "f1"]["seeds"] for backbone in backbones]
    titles = [Names.of(backbone, BACKBONE).label for backbone in backbones]
    return markdown(["F1, dev / test", *titles], [*lines, ["seeds", *seeds]])


def gains(reference: Path) -> str:
    """What LogiRE+ and its parts gain in test F1: differences of rows, by backbone."""
    found = table2(reference)
    backbones = list(dict.fromkeys(backbone for backbone, _, _ in found))

    def row(title: str, one: tuple[str, str], other: tuple[str, str]) -> list[str]:
        differences = (f1(found[on, *one]) - f1(found[on, *other]) for on in backbones)
        return [title, *(f"{difference:.2f}" for difference in differences)]

    alone, plus = (BACKBONE, ""), ("logire_plus", "")
    no_rules, no_context, no_chains = (("logire_plus", name) for name in ("context_alone", "no_context", "no_chains"))
    lines = [
        row("LogiRE", ("logire", ""), alone),
        row("LogiRE+", plus, alone),
        row("rules alone (no context)", no_context, alone),
        row("context alone (no rules)", no_rules, alone),
        row("what rules add to context", plus, no_rules),
        row("of which chains (beyond the row without them)", plus, no_chains),
    ]
    return markdown(["", *(Names.of(on, BACKBONE).label for on in backbones)], lines)


def claims(reference: Path) -> list[str]:
    """What README.md says of the gains in test F1, as the tables give it: from the least backbone to the most."""
    found = table2(reference)
    backbones = list(dict.fromkeys(backbone for backbone, _, _ in found))

    def between(one: tuple[str, str], other: tuple[str, str] = (BACKBONE, "")) -> str:
        """``0.7 to 1.1``, over the backbones where there is a gain."""
        gained = [f1(found[on, *one]) - f1(found[on, *other]) for on in backbones]
        return f"{min(gain for gain in gained if gain > 0):.1f} to {max(gained):.1f}"

    plus = ("logire_plus", "")
    no_rules, no_context, no_chains = (("logire_plus", name) for name in ("context_alone", "no_context", "no_chains"))
    better = sum(f1(found[on, "logire", ""]) > f1(found[on, BACKBONE, ""]) for on in backbones)
    small = [key for key in found if float(found[key]["test", "f1"]["p_holm"] or 1) < 0.05 and not key[2]]
    sure = " and ".join(f"{called(by)} on {Names.of(on, BACKBONE).label}" for on, by, _ in small)
    least = min(float(found[on, *plus]["test", "f1"]["bootstrap_low"]) for on in backbones)
    return [
        f"LogiRE gains {between(('logire', ''))} on {WORDS[better]} backbones",
        f"LogiRE+ gains {between(plus)}",
        f"LogiRE+ gains at least {floor(10 * least) / 10:.1f} on each backbone",
        f"After Holm's correction p is below 0.05 for {sure}" if sure else "After Holm's correction no p is below 0.05",
        f"gain {between(no_rules)} alone",
        f"rules {between(no_context)} alone and {between(plus, no_rules)} beyond context",
        f"of which chains of inference {between(plus, no_chains)}",
    ]


def own_claims(reference: Path) -> list[str]:
    """What the reference's README.md says of the backbones' test F1 beside the paper's."""
    compared = {
        row["backbone"]: row
        for row in rows_of(reference / "tables" / "table2_paper.csv")
        if (row["method"], row["split"], row["metric"]) == (BACKBONE, "test", "f1")
    }
    return [
        f"{Names.of(on, BACKBONE).label} {f1(scores):.2f} ({float(compared[on]['paper']):.2f};"
        for (on, method, _), scores in table2(reference).items()
        if method == BACKBONE
    ]


def untrue(text: str, phrases: list[str]) -> list[str]:
    """The phrases that a text does not have, wherever its lines break."""
    words = " ".join(text.split())
    return [phrase for phrase in phrases if phrase not in words]


def called(method: str) -> str:
    """What a row of the second table calls a method."""
    return method if method == BACKBONE else Names.of("", method).method


TABLES: dict[str, Callable[[Path], str]] = {"measured": measured, "causes": causes}
"""The tables of README.md by the name in their mark."""
OWN: dict[str, Callable[[Path], str]] = {"gains": gains}
"""The same of the reference's own README.md."""


def table2(reference: Path) -> dict[tuple[str, str, str], Scores]:
    """The rows of Table 2 by backbone, method and variant."""
    found: dict[tuple[str, str, str], Scores] = {}
    for row in rows_of(reference / "tables" / "table2.csv"):
        key = row["backbone"], row["method"], row["variant"]
        found.setdefault(key, {})[row["split"], row["metric"]] = row
    return found


def f1(scores: Scores, split: str = "test") -> float:
    """Mean F1 over seeds."""
    return float(scores[split, "f1"]["mean"])


def tenths(text: str) -> str:
    """A number with one digit, rounded half up as people do."""
    return str(Decimal(text).quantize(Decimal("0.1"), ROUND_HALF_UP))


def score(row: Row) -> str:
    """``47.24 ± 0.72 (+0.47)``."""
    text = f"{float(row['mean']):.2f}"
    text += f" ± {float(row['sd']):.2f}" if row["sd"] else ""
    return text + (f" ({signed(float(row['gain']))})" if row["gain"] else "")


def p_value(text: str) -> str:
    """``0.042``, ``< 0.001``; a dash where there is one seed."""
    return "–" if not text else "< 0.001" if float(text) < 0.001 else f"{float(text):.3f}"


def written(text: str, tables: Mapping[str, str]) -> str:
    """A text with its tables anew.

    Raises:
        ValueError: the marks of a table are not there once; the message names them.
    """
    for name, table in tables.items():
        parts = re.split(rf"(?<=<!-- )({name}:[^>]*-->\n\n).*?(\n<!-- end -->)", text, flags=re.S)
        if len(parts) != 4:
            raise ValueError(f"needs one pair of marks <!-- {name}: ... --> and <!-- end -->")
        text = "".join([*parts[:2], table, *parts[2:]])
    return text


def main() -> int:
    reference = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reference" / "dwie"
    wrong = []
    for file, tables, phrases in (
        (
            ROOT / "README.md",
            {name: table(reference) for name, table in TABLES.items()},
            [*claims(reference), *trial_claims(TRIALS)],
        ),
        (reference / "README.md", {name: table(reference) for name, table in OWN.items()}, own_claims(reference)),
        (ROOT / "docs" / "trial.md", trials(TRIALS), []),
    ):
        try:
            text = written(file.read_text(encoding="utf-8"), tables)
        except ValueError as error:
            wrong.append(f"{file}: {error}")
            continue
        file.write_text(text, encoding="utf-8")
        wrong += [f"{file}: is to say: {phrase}" for phrase in untrue(text, phrases)]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
