"""LogiRE: rules mined, generated, grounded, weighted, and learnt by EM on a backbone's logits."""

from logire.rules.model import LogiRE
from logire.rules.settings import LogiRESettings

__all__ = ["LogiRE", "LogiRESettings"]
