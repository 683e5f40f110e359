"""LogiRE+ in the registry of methods."""

from __future__ import annotations

from logire.rules.methods import Method
from logire.rules.plus.settings import LogiREPlusSettings

METHOD = Method(
    "logire_plus",
    "LogiRE+",
    2,
    LogiREPlusSettings,
    "logire.rules.plus.model:LogiREPlus",
    out_of_fold=True,
    on_shards=True,
)
