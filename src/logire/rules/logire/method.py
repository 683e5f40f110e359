"""LogiRE in the registry of methods."""

from __future__ import annotations

from logire.rules.logire.settings import LogiRESettings
from logire.rules.methods import Method

METHOD = Method("logire", "LogiRE", 1, LogiRESettings, "logire.rules.logire.model:LogiRE", out_of_fold=False)
