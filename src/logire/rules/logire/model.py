"""LogiRE as a plug-in for any relation model: fit on its logits, predict, read the rules, explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from logire.corpus.dump import ScoredDocument
from logire.ground.runtime import pick_device
from logire.rules.fitted import Fitted
from logire.rules.logire.method import METHOD
from logire.rules.logire.settings import LogiRESettings
from logire.rules.model import History, Report, RuleModel, ignore, silent
from logire.rules.queries import Problem
from logire.rules.ruletable import rule_table
from logire.rules.stages import ExtractorStage


class LogiRE(RuleModel[LogiRESettings]):
    """LogiRE (Ru et al., EMNLP 2021) on top of a backbone's logits.

    Example::

        corpus = PreparedCorpus.open("data/dwie")
        train, dev, test = (read_dump("logits.safetensors", corpus, split) for split in SPLITS)
        model = LogiRE(corpus.schema, seed=1).fit(train, dev)
        predictions = model.predict(test)
        print(model.rules("royalty_of"))
    """

    name = METHOD.name
    Settings = LogiRESettings

    def fit(
        self,
        train: Sequence[ScoredDocument],
        dev: Sequence[ScoredDocument],
        *,
        checkpoint: Path | None = None,
        report: Report = silent,
        log: Callable[[History], None] = ignore,
    ) -> Self:
        """Learn rules and weights by EM on ``train``; iteration and threshold are chosen on ``dev``.

        Args:
            checkpoint, report, log: a file from which a killed fit goes on, and what is told on the way; see
                :func:`logire.rules.logire.em.learn`.

        Raises:
            InputError: a split is empty, or has no labelled fact.
        """
        # These import torch and pandas, which predicting does without.
        import pandas as pd

        from logire.rules.logire.em import learn

        problem = Problem.of(train, dev, self.schema, self_relations=self.settings.self_relations)
        best, history = learn(
            problem,
            self.settings,
            seed=self.seed,
            device=pick_device(self.device),
            checkpoint=checkpoint,
            report=report,
            log=log,
        )
        table = rule_table(problem, best.rules, best.extractor, best.posterior)
        self._fitted = Fitted(
            queries=problem.queries,
            stages=(ExtractorStage(best.rules, best.extractor),),
            rejects_unseen=self.settings.unseen_types == "reject",
            theta=best.theta,
            dev_f1=best.dev_f1,
            kept=best.number,
            read_table=lambda: table,
            read_history=lambda: pd.DataFrame(history),
            generator=best.generator,
        )
        return self
