"""LogiRE: rules mined, generated, grounded, weighted, and learnt by EM on a backbone's logits; and LogiRE+."""

from logire.rules.model import LogiRE
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.settings import LogiRESettings

__all__ = ["LogiRE", "LogiREPlus", "LogiREPlusSettings", "LogiRESettings"]
