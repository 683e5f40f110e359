"""The embedded corpus: a seeded, invented news world in DWIE's raw annotation format, with planted logic rules."""

from logire.corpus.embedded.generate import RELATIONS, TYPES, EmbeddedDocument, generate
from logire.corpus.embedded.rules import PLANTED_RULES, PlantedRule, groundings

__all__ = ["PLANTED_RULES", "RELATIONS", "TYPES", "EmbeddedDocument", "PlantedRule", "generate", "groundings"]
