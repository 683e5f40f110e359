"""LogiRE+ as a plug-in: the same interface as LogiRE, designed never to score below the backbone on dev."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from logire.corpus.dump import ScoredDocument
from logire.rules.closure import Chosen, ClosureStage, choose_closure
from logire.rules.consistency import ConsistencyStage, choose_consistency
from logire.rules.fitted import Fitted
from logire.rules.model import History, Report, RuleModel, ignore, silent
from logire.rules.plus.method import METHOD
from logire.rules.plus.round import Round, fit_round
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem, QueryTypes
from logire.rules.ruletable import rule_table
from logire.rules.stages import ExtractorStage, Stage
from logire.rules.trusted import Mined
from logire.rules.unseen import choose_unseen

if TYPE_CHECKING:
    import pandas as pd  # predicting does without


class LogiREPlus(RuleModel[LogiREPlusSettings]):
    """LogiRE+: closed and open rules, a convex extractor beside the backbone's own logit, all choices made on dev.

    Give ``fit`` training logits that no backbone gave on its own training documents (cross-fitting): on in-sample
    ones it learns to trust atoms that will not be there at test time.

    Example::

        train = read_out_of_fold(["fold1.safetensors", "fold2.safetensors", "fold3.safetensors"], corpus)
        dev, test = (read_dump("logits.safetensors", corpus, split) for split in ("dev", "test"))
        model = LogiREPlus(corpus.schema, seed=1).fit(train, dev)
        predictions = model.predict(test)
    """

    name = METHOD.name
    Settings = LogiREPlusSettings

    @classmethod
    def learns_generator(cls, settings: LogiREPlusSettings) -> bool:
        return settings.rules == "generated"

    def fit(
        self,
        train: Sequence[ScoredDocument],
        dev: Sequence[ScoredDocument],
        *,
        checkpoint: Path | None = None,
        report: Report = silent,
        log: Callable[[History], None] = ignore,
    ) -> Self:
        """Fit the rounds on ``train``, best with out-of-fold logits; penalty, blend and threshold come from ``dev``.

        Args:
            checkpoint: not used, a fit takes seconds.
            report, log: told of each round as it starts; given the choices tried so far after each.

        Raises:
            InputError: a split is empty or has no labelled fact, or gold rules without a readable file.
        """
        del checkpoint
        settings = self.settings
        problem = Problem.of(train, dev, self.schema)
        steps = settings.rounds + 1
        report("finding rules", 0, steps)
        rules = find_rules(problem, settings, seed=self.seed, device=self.device)
        rounds: list[Round] = []
        history: History = []
        seen, seen_dev = list(train), list(dev)
        before: list[Stage] = []
        if any(settings.unseen):
            lowered = choose_unseen(dev, problem.queries, settings.unseen)
            history += [{"round": 0, **row} for row in lowered.tried]
            if lowered.stage:
                before = [lowered.stage]
                seen, seen_dev = (lowered.stage.apply(part, problem.queries) for part in (train, dev))
        for number in range(1, steps):
            report("round", number, steps)
            found = fit_round(seen, seen_dev, rules, problem.queries, settings)
            history += [{"round": number, **row} for row in found.tried]
            log(history)
            # A blend of 0 gives back what came in, here and in all later rounds. The table and the reasons are those of
            # the last round kept: it must be one whose rules count, if there is one.
            if rounds and found.blend == 0.0:
                break
            rounds.append(found)
            seen, seen_dev = found.train, found.dev
        mined = Mined.of(train, problem.queries, length=settings.closure_length, least=settings.closure_support)
        table = rule_table(problem, rules, rounds[-1].stage.extractor, rounds[-1].posterior)
        chosen: Chosen[ConsistencyStage] | Chosen[ClosureStage]
        if settings.consistency:
            chosen = choose_consistency(settings.consistency, mined, train, seen_dev, problem.queries)
        else:
            trusted = mined.of_types(settings.closure_confidence)
            chosen = choose_closure(trusted, seen_dev, problem.queries, settings.closure)
        history += [{"round": steps, **row} for row in chosen.tried]
        log(history)
        self._fitted = finished(problem.queries, [one.stage for one in rounds], chosen, table, history, before)
        report("round", steps, steps)
        return self


def finished(
    queries: QueryTypes,
    rounds: Sequence[ExtractorStage],
    chosen: Chosen[ConsistencyStage] | Chosen[ClosureStage],
    table: pd.DataFrame,
    history: History,
    before: Sequence[Stage] = (),
) -> Fitted:
    """What a fit leaves behind.

    Args:
        before: the stages before the rounds.
        rounds: the stages of the rounds that were kept.
        chosen: what holds the last round's scores against trusted rules.
        table: of the last round's rules.
    """
    import pandas as pd

    return Fitted(
        queries=queries,
        stages=(*before, *rounds, *([chosen.stage] if chosen.stage else [])),
        rejects_unseen=False,
        theta=chosen.threshold.theta,
        dev_f1=chosen.threshold.f1,
        kept=len(rounds),
        read_table=lambda: table,
        read_history=lambda: pd.DataFrame(history),
        dev=tuple(chosen.dev),
    )
