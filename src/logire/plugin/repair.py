"""One document's scored facts, whichever tool scored them: in with their scores, out as a fitted model decides them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from logire.adapters.scores import FLOOR
from logire.constraints.declared import Constraints
from logire.constraints.run import Obeying
from logire.constraints.told import Told, ToldFact
from logire.corpus.dump import ScoredDocument
from logire.plugin.facts import Given, scored_facts
from logire.rules.layout import sigmoid
from logire.rules.model import RuleModel

_REASONS = 5
"""How many reasons are looked through for a rule that speaks for a fact."""


class Step(NamedTuple):
    """One atom of a grounding path, with the names of its entities; ``~r`` is the inverse of r."""

    head: str
    relation: str
    tail: str
    probability: float

    def __str__(self) -> str:
        return f"{self.head} -{self.relation}-> {self.tail}"


@dataclass(frozen=True)
class RepairedFact:
    """A fact before and after.

    Attributes:
        head, tail: entities of the document, by their numbers; ``head_name`` and so on describe them.
        before: the score that was given; None where the fact was not among the given ones.
        after: the model's score, in the same unit: a probability (the sigmoid of its score), or a logit.
        rule: of the rules that spoke for the fact, the one that added most; None if none did.
        kind: what the rule says, see ``docs/method.md``: ``pair``, ``chain``, ``open``, ``constraint``.
        path: where the rule holds in the document.
        kept: whether the model holds the fact to be true, and the constraints let it.
        constraint: the constraint that removed or added the fact, as its file says it; None where none did.
        conflict: the other facts of this instance of the constraint, with their scores in the unit of ``after``.
    """

    title: str
    head: int
    relation: str
    tail: int
    before: float | None
    after: float
    rule: str | None
    kind: str | None
    path: tuple[Step, ...]
    kept: bool
    head_name: str
    head_type: str
    tail_name: str
    tail_type: str
    constraint: str | None = None
    conflict: tuple[ToldFact, ...] = ()

    @property
    def added(self) -> bool:
        """Whether rules or constraints found it: it was not given."""
        return self.before is None


class Repairing(ABC):
    """What decides the facts of one document by a fitted rule model."""

    @property
    @abstractmethod
    def model(self) -> RuleModel[Any]:
        """The fitted rule model."""

    def repair(
        self,
        facts: Iterable[Any],
        types: Sequence[str] | Mapping[str, str] | None = None,
        *,
        names: Sequence[str] | None = None,
        text: Mapping[str, Any] | None = None,
        title: str = "0",
        scores: Literal["probabilities", "logits"] = "probabilities",
        floor: float = FLOOR,
        removed: bool = False,
        constraints: str | Path | Constraints | None = None,
    ) -> list[RepairedFact]:
        """The facts of one document that hold together, from the facts that some tool has scored.

        Example::

            model.repair([("Ada", "leads", "the lab", 0.9), ("the lab", "part_of", "York", 0.8)],
                         {"Ada": "PER", "the lab": "ORG", "York": "ORG"})

        Args:
            facts: (head, relation, tail, score) or mappings with these keys; head and tail by number or name.
            types: each entity's type: {name: type}, or N types in the entities' order.
            names: N names, where ``types`` is a list.
            text: DocRED's ``sents`` and ``vertexSet``, which give the entities too; needed if the model weighs
                features of the text.
            scores: what the scores are.
            floor: the logit of every fact that is not given: as in the logits that the model was fitted on.
            removed: give back what the model holds to be wrong too, with ``kept`` false.
            constraints: a file of constraints that the facts obey, see ``docs/constraints.md``.

        Returns:
            The facts whose score reaches the threshold, best first: given ones and those that rules found. They are
            consistent under the trusted rules and denials if the model was fitted with ``consistency``.

        Raises:
            InputError: an entity, a relation or a type is not known, or a score is wrong; or the file of constraints
                is.
        """
        how: Any = {"names": names, "text": text, "title": title, "scores": scores, "floor": floor}
        document, given = scored_facts(facts, types, self.model.schema, **how)
        obeying = None if constraints is None else Obeying.of(self.model, constraints)
        unit: Any = {"removed": removed, "probabilities": scores == "probabilities"}
        return repaired(self.model, document, given, obeying, **unit)


def repaired(
    model: RuleModel[Any],
    document: ScoredDocument,
    given: Given,
    obeying: Obeying | None = None,
    *,
    removed: bool,
    probabilities: bool,
) -> list[RepairedFact]:
    """The facts that are held to be true, best first.

    If ``removed``, those that are not come after them: the given ones, and those that a constraint removed.
    """
    schema, entities = model.schema, document.document.entities
    changes: dict[tuple[int, int, int], Told] = {}

    def fact(h: int, t: int, r: int, score: float, reason: Mapping[str, Any] | None, *, kept: bool) -> RepairedFact:
        steps = () if reason is None else reason["path"]
        change = changes.get((h, t, r))
        conflict = () if change is None else change.conflict
        return RepairedFact(
            title=document.title,
            head=h,
            relation=schema.relations[r],
            tail=t,
            before=given.get((h, t, r)),
            after=_sigmoid(score) if probabilities else score,
            rule=None if reason is None else reason["rule"],
            kind=None if reason is None else str(reason["kind"]),
            path=tuple(Step(step["from"], step["atom"], step["to"], step["score"]) for step in steps),
            kept=kept,
            head_name=entities[h].name,
            head_type=entities[h].type,
            tail_name=entities[t].name,
            tail_type=entities[t].type,
            constraint=None if change is None else change.constraint,
            conflict=tuple(one._replace(score=_sigmoid(one.score)) if probabilities else one for one in conflict),
        )

    found, seen = [], set()
    explained_facts = list(model.explained([document], most=_REASONS, decide=obeying))
    for told in obeying.told(schema) if obeying else ():
        changes[told.fact.head, told.fact.tail, schema.relation_index[told.fact.relation]] = told
    for p, explained in explained_facts:
        r = schema.relation_index[p.relation]
        reason = next((one for one in explained["reasons"] if one["contribution"] > 0), None)
        found.append(fact(p.head, p.tail, r, float(p.score or 0.0), reason, kept=True))
        seen.add((p.head, p.tail, r))
    if removed:
        [after] = model.scores([document])
        left = sorted((given.keys() | changes.keys()) - seen, key=lambda key: (-float(after[key]), key))
        found += [fact(h, t, r, float(after[h, t, r]), None, kept=False) for h, t, r in left]
    return found


def _sigmoid(score: float) -> float:
    return float(sigmoid(np.array([score], dtype=np.float32))[0])
