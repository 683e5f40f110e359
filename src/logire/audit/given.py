"""LogiRE+ given a document's labels: one more round, in which labelled facts are atoms that hold.

    score(h, r, t) = a s + b_q + sum over bodies of  w_body phi(body; h, t) + sum over features of  v_f f(h, r, t)

with s, LogiRE+'s own score, and phi over the labels where there are some and over the scores elsewhere. A
candidate's own label is in none of it: bodies have at most two atoms, and none is the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from logire.corpus.dump import ScoredDocument
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.round import fit_round
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem
from logire.rules.stages import apply_all

LENGTH = 2
"""Atoms of the longest body: longer paths may go through the candidate itself."""


def given_labels(model: LogiREPlus, train: Sequence[ScoredDocument], dev: Sequence[ScoredDocument]) -> LogiREPlus:
    """A model of the same relations that scores a document's facts given its labels.

    Args:
        model: fitted. train, dev: the documents that it was fitted on, with their labels and the backbone's logits.
    """
    fitted, settings = model.fitted, model.settings
    queries, before = fitted.queries, fitted.stages[: fitted.explained_from + 1]
    seen, seen_dev = (apply_all(before, documents, queries) for documents in (train, dev))
    short = settings.model_copy(update={"max_length": min(settings.max_length, LENGTH)})
    rules = find_rules(Problem(train, dev, model.schema, queries), short, seed=model.seed, device=model.device)
    relation = queries.triples[rules.query_of_rule, 0].tolist()
    others = [len(body) <= LENGTH and body != (own,) for body, own in zip(rules.bodies, relation, strict=True)]
    kept = rules.keep(np.array(others, dtype=np.bool_))
    found = fit_round(seen, seen_dev, kept, queries, settings, given=True)
    given = LogiREPlus(model.schema, settings, seed=model.seed, device=model.device)
    given._fitted = replace(
        fitted,
        stages=(*before, found.stage),
        theta=found.threshold.theta,
        dev_f1=found.threshold.f1,
        kept=fitted.kept + 1,
        dev=(),
    )
    return given
