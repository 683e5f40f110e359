"""LogiRE as a plug-in for any relation model: fit on its logits, predict, read the rules, explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pandas as pd

from logire.corpus.dump import ScoredDocument
from logire.ground.runtime import pick_device
from logire.rules.base import RuleModel, check_splits
from logire.rules.em import History, Report, ignore, learn, silent
from logire.rules.queries import QueryTypes
from logire.rules.ruletable import rule_table
from logire.rules.settings import LogiRESettings


class LogiRE(RuleModel[LogiRESettings]):
    """LogiRE (Ru et al., EMNLP 2021) on top of a backbone's logits.

    Example::

        corpus = PreparedCorpus.open("data/dwie")
        train, dev, test = (read_dump("logits.safetensors", corpus, split) for split in SPLITS)
        model = LogiRE(corpus.schema, seed=1).fit(train, dev)
        predictions = model.predict(test)
        print(model.rules("royalty_of"))
    """

    name = "logire"
    Settings = LogiRESettings

    @property
    def rejects_unseen(self) -> bool:
        return self.settings.unseen_types == "reject"

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
            checkpoint, report, log: a file to go on from after a kill, and what is told of the way; see
                :func:`logire.rules.em.learn`.

        Raises:
            InputError: a split is empty, or no training fact is labelled.
        """
        check_splits(train, dev)
        self._queries = QueryTypes.of(train, self.schema)
        self._learnt, history = learn(
            train,
            dev,
            self.schema,
            self._queries,
            self.settings,
            seed=self.seed,
            device=pick_device(self.device),
            checkpoint=checkpoint,
            report=report,
            log=log,
        )
        self.history = pd.DataFrame(history)
        self._table = rule_table(self._learnt, self._queries, self.schema, train)
        return self
