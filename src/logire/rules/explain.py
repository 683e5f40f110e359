"""Why a fact was predicted: the rules that spoke for it, and the grounding path behind each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.gold import Kind, kind_of
from logire.rules.queries import Body, any_atom, atom_name, atom_names, body_name

CONSTRAINT = "constraint"
"""The kind of a reason that is no weighed rule: what a trusted rule added that the scores are held against."""


@dataclass(frozen=True)
class GroundingPath:
    """The best grounding path of a rule body: entities h = e_0, ..., e_l = t, and each atom's probability."""

    entities: tuple[int, ...]
    scores: tuple[float, ...]

    @property
    def score(self) -> float:
        """phi(path), the product of the atoms' probabilities."""
        return math.prod(self.scores)


@dataclass(frozen=True)
class Reason:
    """One rule's part in a score: ``contribution`` = weight * phi(rule).

    Attributes:
        closing: what a stage that holds scores against trusted rules added under this one. The weight is then how far
            the score was moved toward the path's weakest atom, or to the threshold (1); phi is that atom.
    """

    body: Body
    weight: float
    path: GroundingPath
    closing: float | None = None

    @property
    def phi(self) -> float:
        return self.path.score if self.closing is None else min(self.path.scores)

    @property
    def contribution(self) -> float:
        return self.weight * self.phi if self.closing is None else self.closing


@dataclass(frozen=True)
class Part:
    """How one stage makes a score: bias + residual + the sum of the reasons' contributions and of the context's.

    Attributes:
        residual: what the candidate's logit, as the stage takes it, adds to its score.
        context: what each context feature adds.
        dropped: what is taken away for consistency with other facts; at most 0.
    """

    bias: float
    residual: float
    reasons: tuple[Reason, ...]
    context: Mapping[str, float] = field(default_factory=dict)
    dropped: float = 0.0


Parts = Callable[[int, int, int, int], Part]
"""Of one document: (head, tail, relation, most) to how a stage makes that candidate's score.

Of the reasons, the ``most`` with the largest contributions are given at least; others may be left out.
"""


@dataclass(frozen=True)
class Explanation:
    """Why ``relation(head, tail)`` got its score: bias + residual + the reasons' contributions + the context's.

    Attributes:
        residual: the part of the query's own logit; 0 in the paper's LogiRE, where the identity rule is that part.
        backbone: the backbone's own probability of the fact.
        reasons: the largest contributions first; the ones left out are smaller.
        context: what each context feature adds (:mod:`logire.rules.context`); these are not rules.
        dropped: what is taken away for consistency with other facts; at most 0.
    """

    title: str
    head: int
    relation: str
    tail: int
    score: float
    theta: float
    bias: float
    residual: float
    backbone: float
    reasons: tuple[Reason, ...]
    context: Mapping[str, float] = field(default_factory=dict)
    dropped: float = 0.0

    @property
    def predicted(self) -> bool:
        return self.score >= self.theta

    def _kind(self, reason: Reason, schema: Schema) -> Kind:
        return kind_of(self.relation, atom_names(reason.body, schema))

    def as_dict(self, document: ScoredDocument, schema: Schema) -> dict[str, Any]:
        """JSON with entity names, atom names and scores."""
        names = [entity.name for entity in document.document.entities]
        return {
            "title": self.title,
            "h_idx": self.head,
            "t_idx": self.tail,
            "r": self.relation,
            "head": names[self.head],
            "tail": names[self.tail],
            "score": round(self.score, 6),
            "threshold": round(self.theta, 6),
            "predicted": self.predicted,
            "bias": round(self.bias, 6),
            "residual": round(self.residual, 6),
            "backbone_probability": round(self.backbone, 6),
            **({"context": {name: round(added, 6) for name, added in self.context.items()}} if self.context else {}),
            **({"dropped": round(self.dropped, 6)} if self.dropped else {}),
            "reasons": [
                {
                    "rule": f"{self.relation} <- {body_name(reason.body, schema)}",
                    "weight": round(reason.weight, 6),
                    "phi": round(reason.phi, 6),
                    "contribution": round(reason.contribution, 6),
                    "kind": CONSTRAINT if reason.closing is not None else self._kind(reason, schema),
                    "path": [
                        {
                            "from": names[reason.path.entities[i]],
                            "from_idx": reason.path.entities[i],
                            "atom": atom_name(atom, schema),
                            "to": names[reason.path.entities[i + 1]],
                            "to_idx": reason.path.entities[i + 1],
                            "score": round(reason.path.scores[i], 6),
                        }
                        for i, atom in enumerate(reason.body)
                    ],
                }
                for reason in self.reasons
            ],
        }


class BestPaths:
    """The best grounding paths of one document; bodies from the same head share the work of their prefixes.

    Args:
        probabilities: (N, N, R) of the document's atoms.
        joined: how a path combines two atoms: their product, or their minimum (of any scores).
    """

    def __init__(self, probabilities: npt.NDArray[np.float32], joined: np.ufunc = np.multiply) -> None:
        self.probabilities = probabilities
        self.joined = joined
        self._reached: dict[tuple[int, Body], tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]] = {}

    def find(self, body: Body, head: int, tail: int) -> GroundingPath:
        """The grounding path of ``body`` from head to tail with the largest value, the first of several."""
        entities = [tail]
        for length in range(len(body), 0, -1):
            entities.append(int(self._reach(head, body[:length])[1][entities[-1]]))
        entities.reverse()
        scores = tuple(float(self._matrix(atom)[entities[i], entities[i + 1]]) for i, atom in enumerate(body))
        return GroundingPath(tuple(entities), scores)

    def _reach(self, head: int, body: Body) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
        """(N,) the best value of a path to each entity, and (N,) the entity before it on that path."""
        found = self._reached.get((head, body))
        if found is None:
            if len(body) == 1:
                reached = self._matrix(body[0])[head]
                found = reached, np.full(len(reached), head)
            else:
                values = self.joined(self._reach(head, body[:-1])[0][:, None], self._matrix(body[-1]))
                found = values.max(axis=0), values.argmax(axis=0)
            self._reached[head, body] = found
        return found

    def _matrix(self, atom: int) -> npt.NDArray[np.float32]:
        entities, _, relations = self.probabilities.shape
        if atom == any_atom(relations):
            return 1.0 - np.eye(entities, dtype=np.float32)
        if atom < relations:
            return self.probabilities[:, :, atom]
        return self.probabilities[:, :, atom - relations].T
