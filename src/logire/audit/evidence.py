"""From a candidate and its explanation to a suggestion: the rules that speak, and the words to read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from logire.audit.ranking import Candidate
from logire.audit.suggestion import Kind as Listed
from logire.audit.suggestion import Marked, Reason, Step, Suggestion
from logire.corpus.document import Document, Mention, Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.gold import ANY, Kind
from logire.rules.explain import Explanation
from logire.rules.queries import Body, atom_name, body_name

REASONS = 3
"""Rules shown with a suggestion."""
LEAST = 0.005
"""A smaller part in the score is not shown."""
AROUND = 20
"""Tokens shown on each side of a mention, in sentences that are longer than all this."""

Piece = tuple[int, int, int]
LABELS = "labels"
"""The kind of a reason that is a mined rule whose body the labels hold."""


class Spoken(NamedTuple):
    """A rule that speaks by the labels: its body, the entities of its path, its part in the value."""

    body: Body
    path: tuple[int, ...]
    part: float


def suggestion(
    kind: Listed,
    candidate: Candidate,
    document: ScoredDocument,
    explanation: Explanation,
    schema: Schema,
    group: int,
    spoken: Spoken | None = None,
) -> Suggestion:
    """Put a suggestion together; numbers are rounded to 6 digits.

    Args:
        explanation: of the model's score.
        spoken: what rules say of the labels, where the value weighs that in; it comes first among the reasons.
    """
    head, tail = candidate.head, candidate.tail
    reasons, own = _reasons(explanation, document, schema)
    if spoken is not None:
        reasons = (_of_labels(spoken, schema.relations[candidate.relation], schema), *reasons)
    pairs = [(head, tail)]
    pairs += [(step.head, step.tail) for reason in reasons for step in reason.path if step.atom != ANY]
    numbers = dict.fromkeys([head, tail, *(e for r in reasons for step in r.path for e in (step.head, step.tail))])
    shown = pieces(document.document, pairs)
    margin = candidate.value if kind == "missing" else -candidate.value
    return Suggestion(
        kind=kind,
        title=document.title,
        head=head,
        relation=schema.relations[candidate.relation],
        tail=tail,
        margin=_round(margin),
        probability=_round(probability(margin)),
        backbone=_round(float(document.logits[head, tail, candidate.relation])),
        group=group,
        bias=_round(explanation.bias),
        own=_round(explanation.residual + own),
        context=_round(sum(explanation.context.values())),
        reasons=reasons,
        entities=tuple(_marked(document.document, number) for number in numbers),
        sentences=tuple(dict.fromkeys(sentence for sentence, _, _ in shown)),
        pieces=tuple(shown),
    )


def probability(margin: float) -> float:
    """The sigmoid of a margin."""
    small = math.exp(-abs(margin))
    return 1 / (1 + small) if margin >= 0 else small / (1 + small)


def pieces(document: Document, pairs: Iterable[tuple[int, int]]) -> list[Piece]:
    """The tokens to read, in order: around the mentions in which two entities come nearest, for each pair of entities.

    A sentence that is hardly longer than one such piece is given whole.
    """
    wanted: dict[int, list[tuple[int, int]]] = {}
    for pair in dict.fromkeys(pairs):
        for mention in nearest(document, *pair):
            wanted.setdefault(mention.sentence, []).append((mention.start - AROUND, mention.end + AROUND))
    found = []
    for sentence, spans in sorted(wanted.items()):
        length = len(document.sentences[sentence])
        if length <= 3 * AROUND:
            spans = [(0, length)]
        found += [(sentence, start, end) for start, end in _merged(spans, length)]
    return found


def nearest(document: Document, one: int, other: int) -> tuple[Mention, Mention]:
    """The mentions of two entities with the fewest tokens between them, the first of equals."""

    def apart(pair: tuple[Mention, Mention]) -> int:
        (start, end), (start2, end2) = (document.span(mention) for mention in pair)
        return max(start2 - end, start - end2, 0)

    pairs = ((a, b) for a in document.entities[one].mentions for b in document.entities[other].mentions)
    return min(pairs, key=apart)


def _merged(spans: Sequence[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Spans cut to [0, length), those that touch in one."""
    start, end = -1, -1
    for low, high in sorted(spans):
        low, high = max(low, 0), min(high, length)
        if start >= 0 and low <= end:
            end = max(end, high)
            continue
        if start >= 0:
            yield start, end
        start, end = low, high
    yield start, end


def _reasons(explanation: Explanation, document: ScoredDocument, schema: Schema) -> tuple[tuple[Reason, ...], float]:
    """The rules that speak, and what the identity rule adds: that is the model's own finding, no rule's."""
    found, own = [], 0.0
    for row in explanation.as_dict(document, schema)["reasons"]:
        if row["kind"] == Kind.IDENTITY:
            own += row["contribution"]
        elif abs(row["contribution"]) >= LEAST:
            path = tuple(Step(step["from_idx"], step["atom"], step["to_idx"], step["score"]) for step in row["path"])
            found.append(Reason(row["rule"], str(row["kind"]), row["contribution"], path))
    return tuple(found[:REASONS]), own


def _of_labels(spoken: Spoken, relation: str, schema: Schema) -> Reason:
    names = [atom_name(atom, schema) for atom in spoken.body]
    steps = zip(spoken.path, names, spoken.path[1:], strict=False)
    path = tuple(Step(head, name, tail, 1.0) for head, name, tail in steps)
    return Reason(f"{relation} <- {body_name(spoken.body, schema)}", LABELS, _round(spoken.part), path)


def _marked(document: Document, number: int) -> Marked:
    entity = document.entities[number]
    spans = tuple((mention.sentence, mention.start, mention.end) for mention in entity.mentions)
    return Marked(number, entity.name, entity.type, spans)


def _round(value: float) -> float:
    return round(value, 6)
