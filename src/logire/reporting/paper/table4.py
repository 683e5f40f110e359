"""Table 4: how often implication rules fail in a corpus's own labels (paper, section 4.3)."""

from __future__ import annotations

from logire.corpus.gold import GoldRule, read_gold_rules
from logire.corpus.prepared import SPLITS
from logire.evaluation.consistency import DOCRED_RULES, Consistency, consistency
from logire.ground.errors import InputError
from logire.reporting.exhibits import find
from logire.reporting.formulas import formula
from logire.reporting.material import Material
from logire.reporting.names import Corpus
from logire.reporting.paper.compared import Published, published
from logire.reporting.selection import UnavailableError
from logire.reporting.sources import corpus_sources
from logire.reporting.tables import MISSING, Cell, Column, Record, Table

# Wikidata's names of the relations that the rules use; P131 and P150 stay ids, as in the paper.
_NAMES = {
    "P22": "father",
    "P25": "mother",
    "P26": "spouse",
    "P36": "capital",
    "P40": "child",
    "P155": "follows",
    "P156": "followed_by",
    "P1365": "replaces",
    "P1366": "replaced_by",
    "P1376": "capital_of",
}

_WITH_THE_PAPERS_LABELS = ("docred", "docred-partial")


def table4(material: Material) -> Table:
    """The error rate of each rule in every labelled split.

    The paper's rates stand beside ours only for the paper's own rules, and only for DocRED's own labels.

    Raises:
        UnavailableError: no documents, or the corpus has none of the rules' relations.
        InputError: the corpus has no labels.
    """
    corpus, rules = material.corpora[0], material.rules
    known = [rule for rule in read_gold_rules(rules or DOCRED_RULES) if rule.known_to(corpus.schema)]
    if not known:
        raise UnavailableError(
            "this corpus has the relations of none of the rules",
            file=corpus.path / "rel2id.json",
            remedy="give a file of rules over this corpus's relations",
        )
    splits = [split for split in SPLITS if any(document.facts for document in corpus.documents(split))]
    if not splits:
        raise InputError("no split of this corpus is labelled", file=corpus.path, field="labels")
    measured = {split: consistency(known, corpus.documents(split), corpus.schema) for split in splits}
    who = Corpus.of(corpus.name, corpus.synthetic)
    own_labels = rules is None and not who.synthetic and who.name in _WITH_THE_PAPERS_LABELS
    paper = published("Table 4", "docred") if own_labels else {}
    columns = [Column("Implication rule", left=True)]
    columns += [Column(name, group=split.capitalize()) for split in splits for name in ("bodies", "error rate")]
    return Table(
        title=find("table4").title,
        caption=_caption(who, measured, paper),
        columns=[*columns, *([Column("paper")] if paper else [])],
        blocks=[[_row(i, rule, measured, paper) for i, rule in enumerate(known)]],
        records=[_record(i, rule, split, measured[split]) for split in splits for i, rule in enumerate(known)],
        sources=corpus_sources(corpus, splits),
        wide=True,
    )


def _row(i: int, rule: GoldRule, measured: dict[str, Consistency], paper: Published) -> list[Cell]:
    cells = [Cell(formula(rule.head, rule.body, lambda name: _NAMES.get(name, name)))]
    for found in measured.values():
        cells += [Cell(str(found.counts[i, 0])), Cell(_percent(found.error_rates[i]))]
    return [*cells, *([Cell(_percent(paper.get(("", rule.head), {}).get("error_rate")))] if paper else [])]


def _percent(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}%"


def _record(i: int, rule: GoldRule, split: str, found: Consistency) -> Record:
    return {
        "split": split,
        "rule": str(rule),
        "bodies": int(found.counts[i, 0]),
        "heads": int(found.counts[i, 1]),
        "error_rate": found.error_rates[i],
        "facts": found.facts,
        "facts_taking_part": found.taking_part,
    }


def _caption(corpus: Corpus, measured: dict[str, Consistency], paper: Published) -> str:
    shares = ", ".join(f"{found.share:.2f}% ({split})" for split, found in measured.items())
    sentences = [
        f"{corpus.warning}Error rates of implication rules in the labels of {corpus.title}: the share of entity pairs "
        "that satisfy a body but do not have its head.",
        f"Facts that take part in a rule, as an atom or as its head: {shares}.",
    ]
    if paper:
        if corpus.name != "docred":
            sentences.append("These are only some of DocRED's documents; the paper's rates are over all of them.")
        sentences += [
            "P150: contains administrative territorial entity; P131: located in the administrative territorial entity.",
            f"The paper (Table 4, page 1245) gives a share of {paper['', '']['share']:.2f}%, does not say for which "
            "split, and prints one rule twice.",
        ]
    return " ".join(sentences)
