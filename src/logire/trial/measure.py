"""What each method gains, and against whom LogiRE+ wins: the measures of docs/trial.md, from the trials of a corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from logire.corpus.document import IntArray
from logire.evaluation.logic import logic_score
from logire.evaluation.metrics import FactMetric, find
from logire.evaluation.significance import Bootstrap, draws, holm, summary
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed
from logire.trial.own import BACKBONE, PLUS
from logire.trial.record import Trial

SAMPLES = 10_000
_AT_ONCE = 500
Doubles = NDArray[np.float64]
Verdict = Literal["wins", "ties", "loses"]


class Spread(NamedTuple):
    """A metric of a method, minus the backbone's, in points.

    Attributes:
        f1: the mean over seeds, then over backbones, with its interval over documents and seeds.
        least: the smallest of all runs. ign_f1, logic: means; logic is None where no rule fires.
    """

    f1: Bootstrap
    least: float
    ign_f1: float
    logic: float | None


@dataclass(frozen=True)
class Measured:
    """One method on one corpus.

    Attributes:
        of: by backbone its gain there; ``overall``: the primary measure.
        lead: how far LogiRE+ is ahead of it; None for LogiRE+ itself and the backbone.
        p_holm: the p of ``lead`` after Holm's correction over the methods of the corpus.
        seconds: to fit, the mean over runs; milliseconds: to decide a document of test.
    """

    name: str
    title: str
    overall: Spread
    of: dict[str, Spread]
    lead: Bootstrap | None
    p_holm: float | None
    seconds: float
    milliseconds: float

    @property
    def verdict(self) -> Verdict | None:
        """What LogiRE+ does against it: by the interval of ``lead``."""
        if self.lead is None:
            return None
        return "wins" if self.lead.low > 0 else "loses" if self.lead.high < 0 else "ties"


def measure(trials: Sequence[Trial], *, split: str = "test", seed: int = 0) -> list[Measured]:
    """Measure all methods, in the order of the first trial.

    Args:
        trials: of one corpus, one for each backbone and seed.
        seed: where the bootstrap's draws are derived from.

    Raises:
        InputError: no trial, trials of several corpora, of different methods, or two of the same backbone and seed.
    """
    trials = _checked(trials)
    names = list(trials[0].methods)
    facts = np.stack([[trial.methods[name].splits[split].counts for trial in trials] for name in names])
    whole = [_scores(facts.sum(axis=2), metric) for metric in ("f1", "ign_f1")]
    logic = [[logic_score(np.array(t.methods[n].splits[split].rules).reshape(-1, 2)) for t in trials] for n in names]
    backbones = np.array([trial.backbone for trial in trials])
    groups = {"": np.ones(len(trials), np.bool_)} | {name: backbones == name for name in dict.fromkeys(backbones)}
    drawn = np.concatenate(list(_draw(facts, groups, backbones, seed)), axis=1)  # (groups, 1 + samples, methods)
    first = names.index(BACKBONE)
    gains = drawn - drawn[:, :, [first]]

    def spread(group: int, m: int, runs: NDArray[np.bool_]) -> Spread:
        weights = _even(backbones, runs)
        f1, ign_f1 = (scores[m] - scores[first] for scores in whole)
        both = [(logic[m][t], logic[first][t]) for t in np.flatnonzero(runs)]
        rises = [ours - theirs for ours, theirs in both if ours is not None and theirs is not None]
        return Spread(
            summary(float(gains[group, 0, m]), gains[group, 1:, m]),
            float(f1[runs].min()),
            float(weights @ ign_f1),
            float(np.mean(rises)) if len(rises) == len(both) else None,
        )

    compared = [m for m, name in enumerate(names) if PLUS in names and name not in (BACKBONE, PLUS)]
    leads = {m: gains[0, :, names.index(PLUS)] - gains[0, :, m] for m in compared}
    lead = {m: summary(float(values[0]), values[1:]) for m, values in leads.items()}
    corrected = dict(zip(lead, holm([found.p for found in lead.values()]), strict=True))
    result = []
    for m, name in enumerate(names):
        overall, *by_backbone = (spread(g, m, runs) for g, runs in enumerate(groups.values()))
        results = [trial.methods[name] for trial in trials]
        decided = [found.splits[split] for found in results]
        result.append(
            Measured(
                name=name,
                title=results[0].title,
                overall=overall,
                of=dict(zip(list(groups)[1:], by_backbone, strict=True)),
                lead=lead.get(m),
                p_holm=corrected.get(m),
                seconds=float(np.mean([found.seconds for found in results])),
                milliseconds=1000 * float(np.mean([c.seconds / max(len(c.facts), 1) for c in decided])),
            )
        )
    return result


def _checked(trials: Sequence[Trial]) -> list[Trial]:
    if not trials:
        raise InputError("no trial to measure", remedy="give files that `logire trial run` wrote")
    ordered = sorted(trials, key=lambda trial: (trial.backbone, trial.seed))
    first = ordered[0]
    for one, other in pairwise(ordered):
        where = f"{other.dataset}, {other.backbone}, seed {other.seed}"
        if (one.backbone, one.seed) == (other.backbone, other.seed):
            raise InputError("two trials of the same backbone and seed", field=where)
        if other.dataset != first.dataset:
            raise InputError(f"a trial of another corpus than {first.dataset}", field=where)
        if other.methods.keys() != first.methods.keys():
            raise InputError(
                "a trial of other methods than the first", field=where, remedy="run all with the same ones"
            )
    if BACKBONE not in first.methods:
        raise InputError("the backbone itself was not tried", field=f"methods.{BACKBONE}")
    return ordered


def _even(backbones: NDArray[np.str_], runs: NDArray[np.bool_]) -> Doubles:
    """(runs,) weights of a mean over seeds within a backbone, then over the backbones of ``runs``."""
    weights = np.zeros(len(backbones))
    chosen = dict.fromkeys(backbones[runs])
    for name in chosen:
        mine = runs & (backbones == name)
        weights[mine] = 1 / (mine.sum() * len(chosen))
    return weights


def _draw(
    facts: IntArray, groups: dict[str, NDArray[np.bool_]], backbones: NDArray[np.str_], seed: int
) -> Iterator[Doubles]:
    """Mean F1 (groups, draws, methods): once as measured, then with documents and seeds drawn anew.

    Args:
        facts: (methods, runs, documents, 5).
    """
    methods, runs, documents, _ = facts.shape
    # (documents, methods * runs * 5), so that a matrix product adds the documents that are drawn
    flat = np.moveaxis(facts, 2, 0).reshape(documents, -1).astype(np.float64)
    by_document = draws(derive_seed(seed, "trial", "documents"), documents, SAMPLES)
    rng = np.random.default_rng(derive_seed(seed, "trial", "seeds"))
    often = np.ones((SAMPLES, runs))
    for name in dict.fromkeys(backbones):
        mine = np.flatnonzero(backbones == name)
        often[:, mine] = rng.multinomial(len(mine), np.full(len(mine), 1 / len(mine)), size=SAMPLES)
    even = np.stack([_even(backbones, members) for members in groups.values()])
    yield _means(np.ones((1, documents)), np.ones((1, runs)), flat, even, methods)
    for start in range(0, SAMPLES, _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        yield _means(by_document[rows].astype(np.float64), often[rows], flat, even, methods)


def _means(by_document: Doubles, often: Doubles, flat: Doubles, even: Doubles, methods: int) -> Doubles:
    found = _scores((by_document @ flat).reshape(len(by_document), methods, often.shape[1], -1), "f1")
    result: Doubles = np.einsum("gr,sr,smr->gsm", even, often, found)
    return result


def _scores(counts: IntArray | Doubles, metric: str) -> Doubles:
    chosen = find(metric)
    assert isinstance(chosen, FactMetric)
    return chosen.compute(counts)
